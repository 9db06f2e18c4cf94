import { useQuery } from '@tanstack/react-query'
import { type Ref, useEffect, useImperativeHandle, useMemo, useRef } from 'react'
import { huntingSchemaQuery, validateQuery } from '../../../api/queries/hunting'
import type { Diagnostic } from '../../../api/types'
import { useDebounced } from '../../../lib/hooks'
import { useIsDark } from '../../../lib/theme'
import { kustoSchema } from './kustoSchema'
import { nameAt } from './nameAt'
import { registerQuickFix, rangeOf, showDiagnostics } from './markers'
import { getKustoWorker, monaco, themeNames } from './monaco'

export interface EditorHandle {
  focus: () => void
  selection: () => string | undefined
  insert: (text: string) => void
  replace: (found: Diagnostic, text: string) => void
  show: (found: Diagnostic) => void
  /** Sets the text in order; undo brings it back. */
  format: () => void
}

interface Props {
  ref: Ref<EditorHandle>
  value: string
  onChange: (text: string) => void
  onRun: (text: string, selection?: string) => void
  /** Somebody asks what a table or function is. */
  onName: (name: string) => void
}

const FORMAT = 'editor.action.formatDocument'

/** Monaco with the Kusto language, our schema, and the server's findings. */
export default function QueryEditor({ ref, value, onChange, onRun, onName }: Props) {
  const frame = useRef<HTMLDivElement>(null)
  const editor = useRef<monaco.editor.IStandaloneCodeEditor>(undefined)
  const calls = useRef({ onChange, onRun, onName })
  calls.current = { onChange, onRun, onName }
  const dark = useIsDark()
  const schema = useQuery(huntingSchemaQuery).data
  const names = useMemo(() => new Set([...(schema?.tables ?? []), ...(schema?.functions ?? [])].map((one) => one.name)), [schema])
  const known = useRef(names)
  known.current = names
  const rested = useDebounced(value, 400)
  const found = useQuery(validateQuery(rested)).data

  useEffect(() => {
    const made = monaco.editor.create(frame.current!, {
      value,
      language: 'kusto',
      theme: dark ? themeNames.dark : themeNames.light,
      ariaLabel: 'Query. Ctrl+M lets Tab leave the editor.',
      automaticLayout: true,
      minimap: { enabled: false },
      scrollBeyondLastLine: false,
      fixedOverflowWidgets: true,
      fontSize: 13,
      lineNumbersMinChars: 3,
      padding: { top: 8, bottom: 8 },
      wordWrap: 'on',
      suggest: { showWords: false },
      bracketPairColorization: { enabled: true },
      // The Kusto theme colours by the language service's tokens.
      'semanticHighlighting.enabled': true,
    })
    editor.current = made
    const fix = registerQuickFix()
    const typed = made.onDidChangeModelContent(() => calls.current.onChange(made.getValue()))
    made.addAction({
      id: 'palisade.run',
      label: 'Run the query',
      keybindings: [monaco.KeyMod.CtrlCmd | monaco.KeyCode.Enter, monaco.KeyMod.Shift | monaco.KeyCode.Enter],
      run: () => calls.current.onRun(made.getValue(), selected(made)),
    })
    const explain = (position: monaco.Position | null, near: boolean) => {
      const name = position && nameAt(made.getValue(), made.getModel()!.getOffsetAt(position), known.current, near)
      if (name) calls.current.onName(name)
      return Boolean(name)
    }
    made.addAction({
      id: 'palisade.explain',
      label: 'What is this table or function?',
      keybindings: [monaco.KeyCode.F1],
      contextMenuGroupId: 'navigation',
      run: () => void explain(made.getPosition(), true),
    })
    made.addAction({
      id: 'palisade.format',
      label: 'Format the query',
      // Monaco has other keys for it on each system.
      keybindings: [monaco.KeyMod.Shift | monaco.KeyMod.Alt | monaco.KeyCode.KeyF],
      run: () => made.getAction(FORMAT)?.run(),
    })
    const clicked = made.onMouseUp((event) => {
      if ((event.event.ctrlKey || event.event.metaKey) && event.target.position) explain(event.target.position, false)
    })
    return () => {
      clicked.dispose()
      typed.dispose()
      fix.dispose()
      made.getModel()?.dispose()
      made.dispose()
      editor.current = undefined
    }
    // The editor lives as long as the page; values and theme follow below.
  }, [])

  useEffect(() => monaco.editor.setTheme(dark ? themeNames.dark : themeNames.light), [dark])

  useEffect(() => {
    const made = editor.current
    if (!made || made.getValue() === value) return
    // As an edit, so that undo brings the former text back.
    made.executeEdits('palisade', [{ range: made.getModel()!.getFullModelRange(), text: value }])
    made.pushUndoStop()
  }, [value])

  useEffect(() => {
    const model = editor.current?.getModel()
    if (!schema || !model) return
    void getKustoWorker()
      .then((access) => access(model.uri))
      .then((worker) => worker.setSchema(kustoSchema(schema)))
      .then(() => frame.current?.setAttribute('data-schema', 'ready'))
      // Without it there is no completion; writing, the server's findings and running go on.
      .catch(() => frame.current?.setAttribute('data-schema', 'failed'))
  }, [schema])

  useEffect(() => {
    const model = editor.current?.getModel()
    if (model && found && model.getValue() === rested) showDiagnostics(model, found.diagnostics)
  }, [found, rested])

  useImperativeHandle(ref, () => ({
    focus: () => editor.current?.focus(),
    selection: () => (editor.current ? selected(editor.current) : undefined),
    insert: (text) => {
      const made = editor.current
      if (!made) return
      made.executeEdits('palisade', [{ range: made.getSelection()!, text, forceMoveMarkers: true }])
      made.focus()
    },
    replace: (one, text) => {
      const made = editor.current
      if (!made) return
      made.executeEdits('palisade', [{ range: rangeOf(made.getModel()!, one), text }])
      made.focus()
    },
    show: (one) => {
      const made = editor.current
      if (!made) return
      const range = rangeOf(made.getModel()!, one)
      made.setSelection(range)
      made.revealRangeInCenterIfOutsideViewport(range)
      made.focus()
    },
    format: () => {
      const made = editor.current
      if (!made) return
      made.focus()
      void made.getAction(FORMAT)?.run()
    },
  }))

  return <div ref={frame} className="query-editor" data-testid="query-editor" />
}

function selected(editor: monaco.editor.IStandaloneCodeEditor): string | undefined {
  const selection = editor.getSelection()
  return selection && !selection.isEmpty() ? editor.getModel()?.getValueInRange(selection) : undefined
}
