import { createChangeAccess } from '@wayward/base'
import { describe, expect, test } from 'vitest'

type Asked = Parameters<ReturnType<typeof createChangeAccess>>[0]

function asked(authorization?: string): Asked {
  return { request: { headers: { authorization } } } as Asked
}

describe('createChangeAccess()', () => {
  const mayChange = createChangeAccess({ isRestricted: false }, 'the-token')

  test('takes the token, and nothing that is like it', () => {
    expect(mayChange(asked('Bearer the-token'))).toBeUndefined()
    for (const wrong of ['Bearer the-token ', 'Bearer the-toke', 'bearer the-token', 'the-token']) {
      expect(mayChange(asked(wrong))).toMatchObject({ code: 'unauthenticated' })
    }
  })

  test('says where the token is, and never what it is', () => {
    const refusal = mayChange(asked())
    expect(refusal?.message).toContain('"wayward serve" prints')
    expect(JSON.stringify(mayChange(asked('Bearer x')))).not.toContain('the-token')
    expect(refusal?.headers).toEqual({ 'WWW-Authenticate': 'Bearer realm="wayward"' })
  })

  test('leaves it to the door where the door asks', () => {
    expect(createChangeAccess({ isRestricted: true }, 'x')(asked())).toBeUndefined()
  })
})
