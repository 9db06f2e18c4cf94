import { Button, Textarea } from '@fluentui/react-components'
import { useRef } from 'react'
import type { Problem } from '../../lib/explore/check'
import { type Read, lineOf } from '../../lib/explore/document'
import { Problems } from './Problems'

interface Props {
  text: string
  read: Read
  problems: Problem[]
  onChange: (text: string) => void
  onAsk: () => void
}

/** The question as the document that API and command line take. */
export function JsonEditor({ text, read, problems, onChange, onAsk }: Props) {
  const editor = useRef<HTMLTextAreaElement>(null)
  const { fault } = read
  const offset = fault?.offset
  const place = offset === undefined ? undefined : lineOf(text, offset)
  return (
    <div className="xq-json">
      <Textarea
        ref={editor}
        className="mono wide"
        resize="vertical"
        rows={Math.min(22, Math.max(8, text.split('\n').length + 1))}
        aria-label="The question as JSON"
        aria-invalid={fault !== undefined || problems.length > 0 || undefined}
        aria-describedby="question-json-problems"
        spellCheck={false}
        value={text}
        onChange={(_, d) => onChange(d.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
          event.preventDefault()
          onAsk()
        }}
      />
      <div id="question-json-problems" className="stack">
        {fault && (
          <div className="row wrap">
            <Problems of={[{ code: fault.code, message: place ? `${fault.message} (line ${place.line}, column ${place.column})` : fault.message, pointer: '' }]} />
            {offset !== undefined && (
              <Button size="small" onClick={() => { editor.current?.focus(); editor.current?.setSelectionRange(offset, Math.min(offset + 1, text.length)) }}>Go there</Button>
            )}
          </div>
        )}
        <Problems of={problems.map((p) => (p.pointer ? { ...p, message: `${p.message} (at ${p.pointer})` } : p))} />
      </div>
      <p className="muted small">The same document as <code>POST /api/v1/explore</code> and <code>palisade explore --query</code> take. Ctrl+Enter searches.</p>
    </div>
  )
}
