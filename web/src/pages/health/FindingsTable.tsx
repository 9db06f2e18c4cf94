import { Table, TableBody, TableCell, TableRow, ToggleButton } from '@fluentui/react-components'
import { Link } from '@tanstack/react-router'
import type { FindingCount } from '../../api/types'
import { HeadRow } from '../../components/HeadRow'
import { formatCount } from '../../lib/format'
import { FINDING_KINDS, type HealthSearch } from '../../lib/search'
import { KIND_WORDS } from '../machines/words'

interface Props {
  findings: FindingCount[]
  kind: HealthSearch['kind']
  open: string | undefined
  onKind: (kind: HealthSearch['kind']) => void
  onOpen: (code: string) => void
}

/** What stands, most machines first; a finding opens its machines. */
export function FindingsTable({ findings, kind, open, onKind, onOpen }: Props) {
  const shown = findings.filter((f) => !kind || f.kind === kind)
  return (
    <section className="stack" aria-label="Findings">
      <div className="row between wrap">
        <h2 className="card-title">Findings <span className="count nums">{formatCount(shown.length)}</span></h2>
        <div className="row wrap" role="group" aria-label="Kind">
          {FINDING_KINDS.map((key) => (
            <ToggleButton key={key} size="small" shape="circular" checked={kind === key} onClick={() => onKind(kind === key ? undefined : key)}>{KIND_WORDS[key]}</ToggleButton>
          ))}
        </div>
      </div>
      {shown.length === 0 ? (
        <p className="muted">{kind ? 'No finding of this kind stands.' : 'No finding stands: every machine that can be judged is well.'}</p>
      ) : (
        <div className="settings-table" tabIndex={0}>
          <Table aria-label="Findings" className="wide-table">
            <HeadRow names={['Finding', 'Kind', 'Machines', 'What to do']} />
            <TableBody>
              {shown.map((f) => (
                <TableRow key={f.code} aria-selected={open === f.code}>
                  <TableCell>
                    <button type="button" className="link-button" onClick={() => onOpen(f.code)}>{f.title}</button>
                    <div className="muted small"><code>{f.code}</code>{f.weight === 'notice' && ' · a notice'}</div>
                  </TableCell>
                  <TableCell>{KIND_WORDS[f.kind] ?? f.kind}</TableCell>
                  <TableCell className="nums"><Link className="link" to="/machines" search={{ finding: f.code }} aria-label={`${f.machines} machines with: ${f.title}`}>{formatCount(f.machines)}</Link></TableCell>
                  <TableCell className="break small">{f.remediation}</TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      )}
    </section>
  )
}
