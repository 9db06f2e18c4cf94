import { CheckmarkCircleFilled, DismissCircleFilled, SubtractCircleFilled, WarningFilled } from '@fluentui/react-icons'
import { humanise } from '../lib/format'
import './estate.css'

export interface CheckItem {
  name: string
  /** `ok`, `warning`, `failed`, `skipped`. */
  outcome: string
  evidence: string
  code?: string | null
  fix?: string
}

const LOOKS: Record<string, { tone: string; label: string; icon: typeof WarningFilled }> = {
  ok: { tone: 'good', label: 'OK', icon: CheckmarkCircleFilled },
  warning: { tone: 'warn', label: 'Warning', icon: WarningFilled },
  failed: { tone: 'bad', label: 'Failed', icon: DismissCircleFilled },
  skipped: { tone: 'quiet', label: 'Not tried', icon: SubtractCircleFilled },
}

/** Steps of a test, each with what was found, and what to do where it is not good. */
export function CheckList({ label, items, words }: { label: string; items: CheckItem[]; words?: Record<string, string> }) {
  return (
    <ul className="check-list" aria-label={label}>
      {items.map((item) => {
        const { tone, label: outcome, icon: Icon } = LOOKS[item.outcome] ?? LOOKS.skipped!
        return (
          <li key={item.name}>
            <span className={`state ${tone}`}><span className="state-icon" aria-hidden><Icon /></span>{outcome}</span>
            <div className="grow">
              <div><b>{words?.[item.name] ?? humanise(item.name)}</b></div>
              <div className="break muted">{item.evidence}</div>
              {item.fix && <div><b>What to do:</b> {item.fix}</div>}
              {item.code && <code className="muted small">{item.code}</code>}
            </div>
          </li>
        )
      })}
    </ul>
  )
}
