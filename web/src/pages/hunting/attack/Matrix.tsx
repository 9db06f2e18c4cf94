import { Button, Select, Switch } from '@fluentui/react-components'
import { ZoomInRegular, ZoomOutRegular } from '@fluentui/react-icons'
import { type KeyboardEvent, useMemo, useState } from 'react'
import type { HuntingResult } from '../../../api/types'
import { isNumeric } from '../../../lib/compare'
import { formatCount } from '../../../lib/format'
import { MatrixList } from './MatrixList'
import { ATTACK_VERSION, type Cell, matrixOf, ROWS, weightColumn } from './technique'

interface Props {
  result: HuntingResult
  /** The column of technique identifiers. */
  column: number
  weight: string | undefined
  onWeight: (name: string) => void
  list: boolean
  onList: (list: boolean) => void
  /** Shows the rows that name a technique. */
  onTechnique: (id: string) => void
}

const ZOOMS = [0.6, 0.8, 1, 1.25, 1.5]

/** Tactics side by side, the techniques of the result below each, darker the more there are. */
export default function Matrix({ result, column, weight, onWeight, list, onList, onTechnique }: Props) {
  const by = weightColumn(result.schema, weight)
  const tactics = useMemo(() => matrixOf(result.schema, result.rows, column, by), [result, column, by])
  const [zoom, setZoom] = useState(2)
  const most = Math.max(1, ...tactics.flatMap((tactic) => tactic.cells.map((cell) => cell.count)))
  const counted = by === undefined ? 'rows' : result.schema[by]!.name
  const numbers = result.schema.filter((one) => isNumeric(one.type))
  return (
    <div className="attack">
      <div className="row wrap">
        <Select size="small" aria-label="Count by" value={by === undefined ? ROWS : result.schema[by]!.name} onChange={(_, d) => onWeight(d.value)}>
          <option value={ROWS}>Count rows</option>
          {numbers.map((one) => <option key={one.name} value={one.name}>Sum of {one.name}</option>)}
        </Select>
        <Switch label="As a list" checked={list} onChange={(_, d) => onList(d.checked)} />
        {!list && (
          <>
            <Button size="small" appearance="subtle" icon={<ZoomOutRegular />} aria-label="Smaller" disabled={zoom === 0} onClick={() => setZoom(zoom - 1)} />
            <Button size="small" appearance="subtle" icon={<ZoomInRegular />} aria-label="Larger" disabled={zoom === ZOOMS.length - 1} onClick={() => setZoom(zoom + 1)} />
            <span className="muted small">0 <span className="attack-scale" aria-hidden /> {formatCount(most)} {counted}</span>
          </>
        )}
        <span className="muted small">ATT&amp;CK {ATTACK_VERSION}</span>
      </div>
      {list ? (
        <MatrixList tactics={tactics} counted={counted} onTechnique={onTechnique} />
      ) : (
        <div className="attack-canvas" role="group" aria-label="ATT&CK matrix" style={{ fontSize: `${(13 * ZOOMS[zoom]!).toFixed(1)}px` }} onKeyDown={moveFocus}>
          {tactics.map((tactic) => (
            <section key={tactic.name} className="attack-tactic" aria-label={tactic.name}>
              <h3>{tactic.name}</h3>
              {tactic.cells.map((cell) => <TechniqueCell key={cell.id} cell={cell} share={cell.count / most} counted={counted} onTechnique={onTechnique} />)}
            </section>
          ))}
        </div>
      )}
    </div>
  )
}

function TechniqueCell({ cell, share, counted, onTechnique }: { cell: Cell; share: number; counted: string; onTechnique: (id: string) => void }) {
  return (
    <div className="attack-cell" style={{ '--share': `${Math.round(8 + share * 52)}%` } as React.CSSProperties}>
      <button type="button" className="attack-technique" onClick={() => onTechnique(cell.id)} title={`${formatCount(cell.count)} ${counted}`}>
        <span>{cell.name}</span>
        <span className="row between"><span className="mono">{cell.id}</span><b className="nums">{formatCount(cell.count)}</b></span>
      </button>
      {cell.below.map((sub) => (
        <button key={sub.id} type="button" className="attack-sub" onClick={() => onTechnique(sub.id)} title={`${sub.id}: ${formatCount(sub.count)} ${counted}`}>
          <span className="clip">{sub.name}</span>
          <span className="nums">{formatCount(sub.count)}</span>
        </button>
      ))}
    </div>
  )
}

/** Arrow keys go from cell to cell, and over to the neighbouring tactic. */
function moveFocus(event: KeyboardEvent<HTMLElement>) {
  const here = (event.target as HTMLElement).closest('button')
  const column = here?.closest('.attack-tactic')
  if (!here || !column) return
  const buttons = (of: Element | null | undefined) => [...(of?.querySelectorAll('button') ?? [])]
  const at = buttons(column).indexOf(here)
  const side = event.key === 'ArrowRight' ? buttons(column.nextElementSibling) : event.key === 'ArrowLeft' ? buttons(column.previousElementSibling) : undefined
  const next = side ? side[Math.min(at, side.length - 1)] : event.key === 'ArrowDown' ? buttons(column)[at + 1] : event.key === 'ArrowUp' ? buttons(column)[at - 1] : undefined
  if (!next) return
  event.preventDefault()
  next.focus()
}
