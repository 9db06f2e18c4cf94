import { ApiError } from '../../api/errors'
import type { Diagnostic } from '../../api/types'

const isDiagnostic = (one: unknown): one is Diagnostic =>
  typeof one === 'object' && one !== null && typeof (one as Diagnostic).message === 'string' && Number.isInteger((one as Diagnostic).line) && Number.isInteger((one as Diagnostic).column)

/** What a refused text has wrong, where the answer says more than one sentence. */
export function diagnosticsOf(error: unknown): Diagnostic[] {
  if (!(error instanceof ApiError)) return []
  const list = (error.details as { diagnostics?: unknown } | null | undefined)?.diagnostics
  return Array.isArray(list) ? list.filter(isDiagnostic) : []
}
