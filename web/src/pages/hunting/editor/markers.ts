import type { Diagnostic } from '../../../api/types'
import { isWord } from '../Problems'
import { monaco } from './monaco'

const OWNER = 'palisade'
const suggestions = new WeakMap<monaco.editor.ITextModel, Diagnostic[]>()

/** Where a server's finding lies in the text. */
export function rangeOf(model: monaco.editor.ITextModel, found: Diagnostic): monaco.Range {
  const from = model.validatePosition({ lineNumber: found.line, column: found.column })
  const to = model.getPositionAt(model.getOffsetAt(from) + Math.max(1, found.length))
  return monaco.Range.fromPositions(from, to)
}

/** Shows the server's findings beside those of the language service. */
export function showDiagnostics(model: monaco.editor.ITextModel, found: Diagnostic[]): void {
  suggestions.set(model, found)
  monaco.editor.setModelMarkers(
    model,
    OWNER,
    found.map((one) => ({
      ...rangeOf(model, one),
      severity: one.severity === 'error' ? monaco.MarkerSeverity.Error : monaco.MarkerSeverity.Warning,
      message: one.suggestion ? `${one.message}\n${isWord(one.suggestion) ? `Use ${one.suggestion}` : one.suggestion}` : one.message,
      code: one.code,
      source: 'Palisade',
    })),
  )
}

/** "Use X" as a quick fix (Ctrl+.) where the server suggests a word. */
export function registerQuickFix(): monaco.IDisposable {
  return monaco.languages.registerCodeActionProvider('kusto', {
    provideCodeActions(model, range) {
      const actions = (suggestions.get(model) ?? [])
        .filter((one) => isWord(one.suggestion) && monaco.Range.areIntersectingOrTouching(rangeOf(model, one), range))
        .map((one) => ({
          title: `Use ${one.suggestion}`,
          kind: 'quickfix',
          isPreferred: true,
          edit: {
            edits: [{ resource: model.uri, versionId: model.getVersionId(), textEdit: { range: rangeOf(model, one), text: one.suggestion! } }],
          },
        }))
      return { actions, dispose: () => undefined }
    },
  })
}
