import { CodeTextRegular, DesktopRegular, ServerRegular, SettingsRegular, ShieldErrorRegular } from '@fluentui/react-icons'
import { Link, type LinkProps } from '@tanstack/react-router'
import { useSession } from '../api/queries/session'

const SETTINGS: { to: LinkProps['to']; label: string; admin?: boolean; needs?: string }[] = [
  { to: '/settings/people', label: 'People', admin: true },
  { to: '/settings/device-groups', label: 'Device groups' },
  { to: '/settings/notifications', label: 'Notifications', needs: 'notifications.read' },
  { to: '/settings/tokens', label: 'API tokens' },
  { to: '/settings/sessions', label: 'Sessions' },
  { to: '/settings/enrolment', label: 'Enrolment', admin: true },
  { to: '/settings/audit', label: 'Audit' },
]

const VULNERABILITIES: { to: LinkProps['to']; label: string }[] = [
  { to: '/exposure', label: 'Dashboard' },
  { to: '/recommendations', label: 'Recommendations' },
  { to: '/remediations', label: 'Remediation' },
  { to: '/weaknesses', label: 'Weaknesses' },
  { to: '/software', label: 'Software' },
  { to: '/baselines', label: 'Security baselines' },
  { to: '/secure-score', label: 'Secure score' },
  { to: '/application-blocks', label: 'Application blocks' },
  { to: '/exceptions', label: 'Exceptions' },
  { to: '/events', label: 'Event timeline' },
  { to: '/certificates', label: 'Certificates' },
  { to: '/shares', label: 'Network shares' },
  { to: '/browser-extensions', label: 'Browser extensions' },
  { to: '/hardware', label: 'Hardware and firmware' },
]

const ESTATE: { to: LinkProps['to']; label: string }[] = [
  { to: '/estate', label: 'Environment settings' },
  { to: '/connectors', label: 'Connectors' },
  { to: '/machines', label: 'Machines' },
  { to: '/health', label: 'Health' },
  { to: '/explorer', label: 'Explorer' },
  { to: '/usage', label: 'Usage' },
]

const look = { className: 'nav-link', activeProps: { className: 'nav-link active' } }

/** The rooms that exist, in the order of the design; administrators' pages only for them. */
export function Nav() {
  const session = useSession().data
  const admin = session?.role === 'administrator'
  const shown = SETTINGS.filter((item) => (admin || !item.admin) && (!item.needs || session?.permissions.includes(item.needs)))
  return (
    <nav className="side" aria-label="Rooms">
      <ul>
        <li><Link to="/hunting" {...look}><CodeTextRegular aria-hidden />Hunting</Link></li>
        <li><Link to="/devices" {...look}><DesktopRegular aria-hidden />Devices</Link></li>
        <li className="nav-section">
          <span className="nav-link hide-narrow"><ShieldErrorRegular aria-hidden />Vulnerability management</span>
          <ul>
            {VULNERABILITIES.map((item) => (
              <li key={item.label}><Link to={item.to} {...look}>{item.label}</Link></li>
            ))}
          </ul>
        </li>
        <li className="nav-section">
          <span className="nav-link hide-narrow"><ServerRegular aria-hidden />Estate</span>
          <ul>
            {ESTATE.map((item) => (
              <li key={item.label}><Link to={item.to} {...look}>{item.label}</Link></li>
            ))}
          </ul>
        </li>
        <li className="nav-section">
          <span className="nav-link hide-narrow"><SettingsRegular aria-hidden />Settings</span>
          <ul>
            {shown.map((item) => (
              <li key={item.label}><Link to={item.to} {...look}>{item.label}</Link></li>
            ))}
          </ul>
        </li>
      </ul>
    </nav>
  )
}
