import { CodeTextRegular, DesktopRegular, ReceiptMoneyRegular, ServerRegular, SettingsRegular, ShareMultipleRegular } from '@fluentui/react-icons'
import { Link, type LinkProps } from '@tanstack/react-router'
import { useSession } from '../api/queries/session'

const SETTINGS: { to: LinkProps['to']; label: string; admin?: boolean }[] = [
  { to: '/settings/subscriptions', label: 'Subscriptions' },
  { to: '/settings/people', label: 'People', admin: true },
  { to: '/settings/device-groups', label: 'Device groups' },
  { to: '/settings/tokens', label: 'API tokens' },
  { to: '/settings/sessions', label: 'Sessions' },
  { to: '/settings/enrolment', label: 'Enrolment', admin: true },
  { to: '/settings/audit', label: 'Audit' },
]

const look = { className: 'nav-link', activeProps: { className: 'nav-link active' } }

/** The rooms that exist, in the order of the design; administrators' pages only for them. */
export function Nav() {
  const admin = useSession().data?.role === 'administrator'
  return (
    <nav className="side" aria-label="Rooms">
      <ul>
        <li><Link to="/hunting" {...look}><CodeTextRegular aria-hidden />Hunting</Link></li>
        <li><Link to="/devices" {...look}><DesktopRegular aria-hidden />Devices</Link></li>
        <li><Link to="/machines" {...look}><ServerRegular aria-hidden />Machines</Link></li>
        <li><Link to="/explorer" {...look}><ShareMultipleRegular aria-hidden />Explorer</Link></li>
        <li><Link to="/usage" {...look}><ReceiptMoneyRegular aria-hidden />Usage</Link></li>
        <li className="nav-section">
          <span className="nav-link hide-narrow"><SettingsRegular aria-hidden />Settings</span>
          <ul>
            {SETTINGS.filter((item) => admin || !item.admin).map((item) => (
              <li key={item.label}><Link to={item.to} {...look}>{item.label}</Link></li>
            ))}
          </ul>
        </li>
      </ul>
    </nav>
  )
}
