import { expect, test } from 'vitest'
import { ApiProblem, Client, Unreachable } from '@/api'
import { withQuery } from '@/api/client'

test('what is not set is left out of the query', () => {
  expect(withQuery('/api/alerts', { status: 'open', region: '', limit: undefined, cursor: null })).toBe('/api/alerts?status=open')
  expect(withQuery('/api/alerts')).toBe('/api/alerts')
})

test("a refusal carries the server's own sentence", async () => {
  const client = new Client(async () => new Response(JSON.stringify({ status: 409, detail: 'somebody was faster' }), { status: 409 }))
  await expect(client.post('/api/x', {})).rejects.toMatchObject({ status: 409, message: 'somebody was faster' })
})

test('a refusal that is no JSON is still a refusal', async () => {
  const client = new Client(async () => new Response('<html>', { status: 502, statusText: 'Bad Gateway' }))
  const error = await client.get('/api/x').catch((error: unknown) => error)
  expect(error).toBeInstanceOf(ApiProblem)
  expect(error).toMatchObject({ status: 502, message: 'Bad Gateway' })
})

test('a network that is gone is told apart from a refusal', async () => {
  const client = new Client(async () => {
    throw new TypeError('Failed to fetch')
  })
  await expect(client.get('/api/x')).rejects.toBeInstanceOf(Unreachable)
})

test('a form is sent as a form, anything else as JSON', async () => {
  const sent: RequestInit[] = []
  const client = new Client(async (_, init) => {
    sent.push(init)
    return new Response(null, { status: 204 })
  })
  await client.post('/api/x', new FormData())
  await client.post('/api/x', { a: 1 })
  expect(sent[0]!.headers).not.toHaveProperty('Content-Type')
  expect(sent[1]).toMatchObject({ body: '{"a":1}', headers: { 'Content-Type': 'application/json' } })
})
