import type { ResultColumn } from '../../../api/types'
import { ResultCell } from '../ResultCell'

/** The first row as figures, one for each column. */
export function CardView({ columns, rows, only, title, onRow }: { columns: ResultColumn[]; rows: unknown[][]; only: number[]; title: string | undefined; onRow: (row: number) => void }) {
  const row = rows[0]
  if (!row) return null
  const shown = only.length > 0 ? only : columns.map((_, index) => index)
  return (
    <section className="chart-cards" aria-label={title ?? 'Card'}>
      {title && <h2 className="card-title">{title}</h2>}
      <div className="chart-cards-row">
        {shown.map((index) => (
          <button key={index} type="button" className="chart-card" onClick={() => onRow(0)}>
            <span className="chart-figure"><ResultCell type={columns[index]!.type} value={row[index]} /></span>
            <span className="muted">{columns[index]!.name}</span>
          </button>
        ))}
      </div>
    </section>
  )
}
