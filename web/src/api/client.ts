/** One way to ask the server: JSON in, JSON out, and two kinds of failure that a screen can put in words. */
import type { ProblemDetails } from './types'

/** The server answered and refused; `detail` is a sentence for the person at the screen. */
export class ApiProblem extends Error {
  readonly status: number
  readonly title: string
  readonly detail: string
  /** The same sentence in Chinese, where the server has one. */
  readonly detailZh: string | null
  /** When asking again may help, in seconds, where the server said so. */
  readonly retryAfterS: number | null

  constructor(status: number, problem: ProblemDetails, retryAfterS: number | null = null) {
    super(problem.detail || problem.title || `HTTP ${status}`)
    this.name = 'ApiProblem'
    this.status = status
    this.title = problem.title ?? ''
    this.detail = problem.detail ?? ''
    this.detailZh = problem.detail_zh ?? null
    this.retryAfterS = retryAfterS
  }
}

/** No answer came: the network or the server is gone. Asking again later may help. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super('The server did not answer.', { cause })
    this.name = 'Unreachable'
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>

export interface RequestOptions {
  query?: Query
  body?: unknown
  signal?: AbortSignal
}

export type Fetcher = (input: string, init: RequestInit) => Promise<Response>

/** Append what is set of `query` to `path`, which may have a query already; an empty or missing value is left out. */
export function withQuery(path: string, query: Query = {}): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value))
  }
  const text = search.toString()
  return text ? `${path}${path.includes('?') ? '&' : '?'}${text}` : path
}

/** Whether `error` only says that the caller itself gave up waiting. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

export class Client {
  private readonly fetcher: Fetcher

  constructor(fetcher: Fetcher = (input, init) => fetch(input, init)) {
    this.fetcher = fetcher
  }

  get<T>(path: string, options?: RequestOptions): Promise<T> {
    return this.send<T>('GET', path, options)
  }

  post<T>(path: string, body?: unknown, options?: RequestOptions): Promise<T> {
    return this.send<T>('POST', path, { ...options, body })
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.send<T>('PUT', path, { body })
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.send<T>('PATCH', path, { body })
  }

  delete<T>(path: string): Promise<T> {
    return this.send<T>('DELETE', path)
  }

  /** Hand in the offer of a connection (SDP); the answer, and where the connection is ended. */
  async offer(path: string, sdp: string): Promise<{ answer: string; location: string }> {
    const headers = { Accept: 'application/sdp', 'Content-Type': 'application/sdp' }
    const response = await this.ask(path, { method: 'POST', credentials: 'same-origin', headers, body: sdp })
    return { answer: await response.text(), location: response.headers.get('Location') ?? '' }
  }

  /** Give something up without waiting for the answer; the request outlives the page. */
  leave(path: string): void {
    void this.ask(path, { method: 'DELETE', credentials: 'same-origin', keepalive: true }).catch(() => undefined)
  }

  private async send<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const init: RequestInit = { method, credentials: 'same-origin', headers: { Accept: 'application/json' } }
    if (options.signal) init.signal = options.signal
    if (options.body instanceof FormData || options.body instanceof Blob) {
      init.body = options.body // the browser writes the multipart boundary, and the type of a picture
    } else if (options.body !== undefined) {
      init.body = JSON.stringify(options.body)
      init.headers = { ...init.headers, 'Content-Type': 'application/json' }
    }

    const response = await this.ask(withQuery(path, options.query), init)
    if (response.status === 204) return undefined as T
    return (await response.json()) as T
  }

  private async ask(path: string, init: RequestInit): Promise<Response> {
    let response: Response
    try {
      response = await this.fetcher(path, init)
    } catch (error) {
      if (isAbort(error)) throw error
      throw new Unreachable(error)
    }
    if (response.ok) return response
    const retryAfter = Number.parseFloat(response.headers.get('Retry-After') ?? '')
    throw new ApiProblem(response.status, await problemOf(response), Number.isFinite(retryAfter) ? retryAfter : null)
  }
}

/** Asks in the name of whoever holds `token` instead of the page's own session. */
export const withToken = (token: string): Fetcher => (input, init) =>
  fetch(input, { ...init, headers: { ...init.headers, Authorization: `Bearer ${token}` } })

/** The problem details of a refusal; a proxy in between may answer with something else than JSON. */
async function problemOf(response: Response): Promise<ProblemDetails> {
  try {
    return (await response.json()) as ProblemDetails
  } catch {
    return { title: response.statusText }
  }
}
