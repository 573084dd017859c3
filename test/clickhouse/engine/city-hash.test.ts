import { expect, test } from 'vitest'
import { cityHash128 } from '@wayward/clickhouse/engine/city-hash'

// What github.com/go-faster/city, which clickhouse-go takes, computes of these bytes.
const vectors: readonly (readonly [number, bigint, bigint])[] = [
  [0, 0x3df09dfc64c09a2bn, 0x3cb540c392e51e29n],
  [1, 0x5a03ab4f802b3f6cn, 0x58a88a3c8a31e91an],
  [3, 0x9179c8842a75713en, 0x8f9cb57788e561c9n],
  [4, 0xede3983552727452n, 0x614296d2a1e3ce94n],
  [7, 0xda0451346bdad128n, 0x55b6e8e7f6296a54n],
  [8, 0x9a03dc360de63591n, 0xea29ee4a9dee5193n],
  [9, 0xe892cb668f075731n, 0x4e06ccaae7f77603n],
  [15, 0xe9b25bc078088665n, 0x327b3ab7d70baa1an],
  [16, 0x4e569e94491dc9f0n, 0x590276ea8c9244a6n],
  [17, 0x39fb0863a57d31cdn, 0xf947dcc90a8c8a69n],
  [24, 0xf6517a8d47dbbb14n, 0x2ce53649a29b1a96n],
  [31, 0x80fcf1516c84c3b1n, 0xea5a44c02a52dd21n],
  [32, 0x3df068ed15b95f3fn, 0x005ca40a4ffd4558n],
  [33, 0x334a573c76239791n, 0xc890694b5cbbaa24n],
  [48, 0xcbcd01de630f8f44n, 0x49a48e7740755617n],
  [127, 0xf24464dbc96f2088n, 0xe2ac7348dfb8cd7dn],
  [128, 0xb5adf89c668e307dn, 0x49253dcc9e2b6461n],
  [143, 0x38b293638d5a13can, 0xcddd0180a37099f0n],
  [144, 0xacc0afb6904a339en, 0xa5b8dca760bb137cn],
  [145, 0xaac1e78287592b9cn, 0xcdf63e885672fd72n],
  [160, 0x06c88efd6a252a62n, 0x64792328fd07f2f4n],
  [200, 0x6d91206995e95f71n, 0xda0845869b102df8n],
  [255, 0xee5f69d011075cden, 0x4d3ec560e78ad3b5n],
  [256, 0x47f94152c6eaf036n, 0xc6121a704134a2e3n],
  [257, 0x77ea0444c4fc951an, 0x116c9111ddd47219n],
  [271, 0xaa4c4ce21a338302n, 0x97ee5fcc1a5329a1n],
  [272, 0xb38df7361a5a4565n, 0xbbe713fe277804c0n],
  [300, 0xbf8909069c23a659n, 0xd95bc3df79eb9e31n],
  [1000, 0xa9265004c7459640n, 0xbd74ffd6aac671cdn],
  [4096, 0x58a0354adec0e9e0n, 0xbfddfb20830e95f7n],
  [65613, 0x13fa8e6463df4084n, 0x14ad591937005416n],
]

test.each(vectors)('the hash of %i bytes is that of the Go client', (length, low, high) => {
  const bytes = Uint8Array.from({ length }, (_, i) => i * i * 7 + i * 13 + length)
  expect(cityHash128(bytes)).toEqual({ low, high })
})

test('bytes behind and before the hashed ones do not matter', () => {
  const whole = Uint8Array.from({ length: 700 }, (_, i) => i * 31)
  for (const length of [0, 5, 12, 40, 130, 300]) {
    const part = whole.subarray(100, 100 + length)
    expect(cityHash128(part)).toEqual(cityHash128(Uint8Array.from(part)))
  }
})
