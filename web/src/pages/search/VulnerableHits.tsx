import { TableCell, TableRow } from '@fluentui/react-components'
import { Link } from '@tanstack/react-router'
import type { SearchAnswer } from '../../api/types'
import { Severity } from '../../components/Severity'
import { formatCount } from '../../lib/format'
import { recommendationTitle } from '../vulnerabilities/words'
import { Part } from './Hits'

interface HitsProps {
  answer: SearchAnswer
  q: string
}

export function Vulnerabilities({ answer, q }: HitsProps) {
  if (answer.vulnerabilities.length === 0) return null
  const more = answer.more.includes('vulnerabilities') && <Link className="link small" to="/weaknesses" search={{ search: q }}>There are more: all that contain “{q}”</Link>
  return (
    <Part title="Vulnerabilities" names={['Vulnerability', 'Severity', 'Devices', 'What']} more={more}>
      {answer.vulnerabilities.map((v) => (
        <TableRow key={v.id}>
          <TableCell><Link className="link" to="/weaknesses" search={{ panel: v.id }}>{v.id}</Link>{v.exploited && <b className="small"> exploited now</b>}</TableCell>
          <TableCell><Severity severity={v.severity} /></TableCell>
          <TableCell>{formatCount(v.devices)}</TableCell>
          <TableCell>{v.title}</TableCell>
        </TableRow>
      ))}
    </Part>
  )
}

export function FoundSoftware({ answer, q }: HitsProps) {
  if (answer.software.length === 0) return null
  const more = answer.more.includes('software') && <Link className="link small" to="/software" search={{ search: q }}>There is more: all that contains “{q}”</Link>
  return (
    <Part title="Software" names={['Name', 'Vendor', 'Ecosystem', 'Vulnerabilities', 'Devices']} more={more}>
      {answer.software.map((s) => (
        <TableRow key={s.id}>
          <TableCell><Link className="link" to="/software" search={{ panel: s.id }}>{s.name}</Link></TableCell>
          <TableCell>{s.vendor}</TableCell>
          <TableCell>{s.ecosystem}</TableCell>
          <TableCell>{formatCount(s.weaknesses)}</TableCell>
          <TableCell>{formatCount(s.devices)}</TableCell>
        </TableRow>
      ))}
    </Part>
  )
}

export function Recommendations({ answer, q }: HitsProps) {
  if (answer.recommendations.length === 0) return null
  const more = answer.more.includes('recommendations') && <Link className="link small" to="/recommendations" search={{ search: q }}>There are more: all about “{q}”</Link>
  return (
    <Part title="Recommendations" names={['What to do', 'Severity', 'Devices']} more={more}>
      {answer.recommendations.map((r) => (
        <TableRow key={r.id}>
          <TableCell><Link className="link" to="/recommendations" search={{ panel: r.id }}>{recommendationTitle(r)}</Link></TableCell>
          <TableCell><Severity severity={r.severity} /></TableCell>
          <TableCell>{formatCount(r.devices)}</TableCell>
        </TableRow>
      ))}
    </Part>
  )
}
