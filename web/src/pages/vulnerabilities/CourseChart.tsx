import { useWidth } from '../../lib/hooks'
import { formatLocal } from '../../lib/time'
import { HEIGHT, type Point, scorePath, WIDTH, xOf, yOf } from './scorePath'
import '../../components/estate.css'

const DAY = 86_400_000

interface Props {
  /** What is drawn, with its newest value; a table beside it has every point. */
  label: string
  points: Point[]
  days: number
  /** Where lines are drawn across, 0 to 100. */
  lines: number[]
}

/** Values of 0 to 100 over the last days, as steps that hold until the next. Drawn as wide as there is room, so that its words keep their size. */
export function CourseChart({ label, points, days, lines }: Props) {
  const to = Date.now()
  const from = to - days * DAY
  const [drawing, width] = useWidth<SVGSVGElement>(WIDTH)
  return (
    <svg ref={drawing} className="trend course" viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-label={label}>
      {lines.map((value) => (
        <g key={value}>
          <line className="axis" x1={36} x2={width - 8} y1={yOf(value)} y2={yOf(value)} />
          <text x={30} y={yOf(value) + 4} textAnchor="end">{value}</text>
        </g>
      ))}
      {[0, 1, 2, 3, 4].map((n) => {
        const at = from + ((to - from) * n) / 4
        return <text key={n} x={xOf(at, from, to, width)} y={HEIGHT - 6} textAnchor={n === 0 ? 'start' : n === 4 ? 'end' : 'middle'}>{formatLocal(new Date(at)).slice(5, 10)}</text>
      })}
      <path className="exposure" d={scorePath(points, from, to, width)} />
    </svg>
  )
}
