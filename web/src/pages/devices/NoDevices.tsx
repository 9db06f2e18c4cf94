import { DesktopRegular } from '@fluentui/react-icons'
import { Link } from '@tanstack/react-router'
import { useSession } from '../../api/queries/session'
import { EmptyState } from '../../components/states'

/** The first screen of a new tenant: how a machine gets here. */
export function NoDevices() {
  const admin = useSession().data?.role === 'administrator'
  return (
    <EmptyState
      icon={<DesktopRegular />}
      title="No machine is enrolled yet"
      action={admin ? <Link className="link" to="/settings/enrolment">Make an enrolment token</Link> : undefined}
    >
      <p>A machine appears here as soon as its sensor has enrolled, within seconds.</p>
      {!admin && <p>Ask an administrator for an enrolment token.</p>}
    </EmptyState>
  )
}
