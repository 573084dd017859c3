// Real bytes of mmstats 0.8.0, little-endian.

/** Bytes from hexadecimal digits; `00*8` stands for eight zero bytes. */
export function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  const full = hex.replaceAll(/([0-9a-f]{2})\*(\d+)/g, (_, byte: string, count: string) =>
    byte.repeat(Number(count)),
  )
  return Uint8Array.from(Buffer.from(full.replaceAll(/\s/g, ''), 'hex'))
}

/** The file that has these bytes: filled with zeros to whole pages. */
export function page(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(Math.ceil(bytes.byteLength / 4096) * 4096)
  file.set(bytes)
  return file
}

const v1Head = '01 08 00 77 65 62 2e 68 69 74 73 01 00 51'

/** A counter as created, after one, and after 41 more. */
export const v1Vectors = [
  { hex: `${v1Head} 00 00*16`, value: 0n },
  { hex: `${v1Head} 01 01 00*15`, value: 1n },
  { hex: `${v1Head} 00 01 00*7 2a 00*7`, value: 42n },
]

/** One record each, with the label `f`. */
export const single = [
  {
    name: 'uint64',
    hex: '01 00 66 01 00 51 01 88 77 66 55 44 33 22 11 00*8',
    value: 0x1122334455667788n,
  },
  { name: 'uint', hex: '01 00 66 01 00 49 01 9c ff ff ff 00 00 00 00', value: 4294967196 },
  { name: 'int', hex: '01 00 66 01 00 69 01 d7 dc ff ff 00 00 00 00', value: -9001 },
  { name: 'short', hex: '01 00 66 01 00 68 01 ff ff 00 00', value: -1 },
  { name: 'ushort', hex: '01 00 66 01 00 48 01 ff ff 00 00', value: 65535 },
  { name: 'byte', hex: '01 00 66 01 00 62 ff fb', value: -5 },
  { name: 'false', hex: '01 00 66 01 00 3f ff 00', value: false },
  { name: 'true', hex: '01 00 66 01 00 3f ff 01', value: true },
  { name: 'float', hex: '01 00 66 01 00 66 01 00 00 c0 3f 00 00 00 00', value: 1.5 },
  { name: 'double', hex: '01 00 66 01 00 64 01 9a 99 99 99 99 99 b9 bf 00*8', value: -0.1 },
  { name: 'string', hex: '01 00 66 02 00 38 73 ff 68 e2 9d a4 6c 6c 6f 00', value: 'h❤llo' },
  { name: 'cut string', hex: '01 00 66 02 00 38 73 ff e2 9d a4 e2 9d a4 00 00', value: '❤❤' },
  {
    name: 'string over a longer one',
    hex: '01 00 66 02 00 38 73 ff 62 00 6e 67 65 72 21 21',
    value: 'b',
  },
  { name: 'static float', hex: '01 00 66 01 00 66 ff 00 00 c0 3f', value: 1.5 },
  {
    name: 'static double',
    hex: '01 00 66 01 00 64 ff cd cc ac e2 f4 11 d4 41',
    value: 1346884490.7,
  },
  { name: 'static uint', hex: '01 00 66 01 00 49 ff 3a 28 00 00', value: 10298 },
  { name: 'static int64', hex: '01 00 66 01 00 71 ff fe ff ff ff ff ff ff ff', value: -2n },
  { name: 'static uint64', hex: '01 00 66 01 00 51 ff e8 03 00 00 00 00 00 00', value: 1000n },
  {
    name: 'static text',
    hex: '01 00 66 04 00 32 35 36 73 ff 32 2e 37 2e 31 38 00*250',
    value: '2.7.18',
  },
  {
    name: 'average',
    hex: '01 00 66 01 00 64 00 00 00 00 00 00 00 f0 3f 00 00 00 00 00 00 f8 3f',
    value: 1.5,
  },
  {
    name: 'moving average',
    hex: '01 00 66 01 00 64 01 00 00 00 00 00 00 10 40 00 00 00 00 00 00 f8 3f',
    value: 4,
  },
  { name: 'timer', hex: '01 00 66 01 00 64 01 00 00 00 00 00 00 d0 3f 00*8', value: 0.25 },
]

/** Nine fields with the prefix `app.`: 221 bytes. */
export const threeVectors = `
01 06 00 61 70 70 2e 6f 6b 01 00 51 01 03 00 00
00 00 00 00 00 02 00 00 00 00 00 00 00 0b 00 61
70 70 2e 73 79 73 2e 75 69 64 01 00 51 ff e8 03
00 00 00 00 00 00 0f 00 61 70 70 2e 73 79 73 2e
63 72 65 61 74 65 64 01 00 64 ff 00 00 20 a0 fd
d5 d3 41 0b 00 61 70 70 2e 73 79 73 2e 70 69 64
01 00 49 ff 92 10 00 00 06 00 61 70 70 2e 75 70
01 00 3f ff 01 09 00 61 70 70 2e 73 74 61 74 65
02 00 38 73 ff c3 bc 70 00 00 00 00 00 0b 00 61
70 70 2e 73 79 73 2e 67 69 64 01 00 51 ff 64 00
00 00 00 00 00 00 08 00 61 70 70 2e 74 69 6d 65
01 00 64 00 00 00 00 00 00 00 d0 3f 00 00 00 00
00 00 e0 3f 0b 00 61 70 70 2e 73 79 73 2e 74 69
64 01 00 71 ff 93 10 00 00 00 00 00 00`

export const v3Values = {
  'app.ok': 3n,
  'app.sys.uid': 1000n,
  'app.sys.created': 1331164800.5,
  'app.sys.pid': 4242,
  'app.up': true,
  'app.state': 'üp',
  'app.sys.gid': 100n,
  'app.time': 0.5,
  'app.sys.tid': 4243n,
}

/** Bytes of the prototype of version 2. */
export const v2Vectors = [
  {
    name: 'a counter',
    hex: '02 1f 00 00 00 08 00 77 65 62 2e 68 69 74 73 01 00 00 00 01 05 00*7 00*8',
    label: 'web.hits',
    value: 5n,
  },
  {
    name: 'an array',
    hex: '02 1b 00 00 00 05 00 67 2e 61 72 72 15 00 00 00 01 00 02 00 05 00 00 00 03 00 00 00 04 00 00 00',
    label: 'g.arr',
    value: [4, 5],
  },
]
