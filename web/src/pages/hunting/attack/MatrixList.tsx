import { formatCount } from '../../../lib/format'
import type { Tactic } from './technique'

/** The matrix as a table, for screen readers and phones. */
export function MatrixList({ tactics, counted, onTechnique }: { tactics: Tactic[]; counted: string; onTechnique: (id: string) => void }) {
  return (
    <div className="chart-table-body" tabIndex={0} role="region" aria-label="ATT&CK techniques">
      <table>
        <thead><tr><th scope="col">Tactic</th><th scope="col">Technique</th><th scope="col" className="end">{counted}</th></tr></thead>
        <tbody>
          {tactics.flatMap((tactic) =>
            tactic.cells.flatMap((cell) =>
              [{ id: cell.id, name: cell.name, count: cell.count }, ...cell.below].map((one) => (
                <tr key={`${tactic.name} ${one.id}`}>
                  <td>{tactic.name}</td>
                  <td><button type="button" className="plain" onClick={() => onTechnique(one.id)}>{one.id} {one.name}</button></td>
                  <td className="end nums">{formatCount(one.count)}</td>
                </tr>
              )),
            ),
          )}
        </tbody>
      </table>
    </div>
  )
}
