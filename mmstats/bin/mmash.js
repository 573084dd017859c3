#!/usr/bin/env node
import { main } from '../dist/tools/main.js'

await main('mmash', 'mmash')
