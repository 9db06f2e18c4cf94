import { Link } from '@tanstack/react-router'
import type { Template } from '../../api/queries/explore'

/** Questions that are ready to be asked, by heading; each opens in the builder with its rows. */
export function Templates({ templates, current }: { templates: Template[]; current: string | undefined }) {
  const groups = [...new Set(templates.map((t) => t.group))]
  return (
    <section className="xq-templates" aria-label="Templates">
      {groups.map((group) => (
        <section key={group} aria-label={group} className="stack">
          <h2>{group}</h2>
          <div className="xq-cards">
            {templates.filter((t) => t.group === group).map((t) => (
              <Link key={t.name} to="/explorer" search={{ link: t.link }} className="xq-card" aria-current={t.link === current ? 'true' : undefined}>
                <span className="xq-card-title">{t.title}</span>
                <span className="muted small">{t.description}</span>
              </Link>
            ))}
          </div>
        </section>
      ))}
    </section>
  )
}
