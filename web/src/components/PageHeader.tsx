import { Title2 } from '@fluentui/react-components'
import type { ReactNode } from 'react'
import { formatCount } from '../lib/format'
import { useTitle } from '../lib/hooks'

interface Props {
  title: string
  count?: number
  children?: ReactNode
  actions?: ReactNode
}

/** The page's title with its count, a line under it, and its actions. */
export function PageHeader({ title, count, children, actions }: Props) {
  useTitle(title)
  return (
    <header className="page-header">
      <div className="page-title">
        <Title2 as="h1">
          {title}
          {count !== undefined && <span className="count"> {formatCount(count)}</span>}
        </Title2>
        {children && <div className="muted">{children}</div>}
      </div>
      {actions && <div className="row wrap">{actions}</div>}
    </header>
  )
}
