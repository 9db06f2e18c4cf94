import createClient, { type Middleware } from 'openapi-fetch'
import { ApiError } from './errors'
import type { paths } from './schema'

const csrf: Middleware = {
  onRequest({ request }) {
    // The server refuses a changing request with a cookie that lacks this header.
    if (request.method !== 'GET') request.headers.set('X-Palisade-Csrf', '1')
    return request
  },
}

/** The one door to the server: typed by the checked-in OpenAPI document. */
export const api = createClient<paths>({ baseUrl: window.location.origin, credentials: 'same-origin' })
api.use(csrf)

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** Returns the answer's data or throws an ApiError with the server's code. */
export async function unwrap<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call
  if (response.ok) return data as T
  const body = (error as { error?: { code?: string; message?: string; details?: unknown } } | undefined)?.error
  throw new ApiError(
    response.status,
    body?.code ?? `http_${response.status}`,
    body?.message ?? `The server answered ${response.status} ${response.statusText}`.trim(),
    body?.details,
  )
}

/** The same for a list that is CSV too, where somebody asks for that; here nobody does. */
export const page = async <T>(call: Parameters<typeof unwrap<T>>[0]) => (await unwrap(call)) as Exclude<T, string>
