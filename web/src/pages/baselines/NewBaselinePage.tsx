import { Link, useSearch } from '@tanstack/react-router'
import { PageHeader } from '../../components/PageHeader'
import { ProfileForm } from './ProfileForm'

/** A profile of one's own. */
export function NewBaselinePage() {
  const { from } = useSearch({ from: '/inside/baselines/~new' })
  return (
    <div className="page">
      <nav className="crumbs" aria-label="Where you are"><Link className="link" to="/baselines">Security baselines</Link> / New profile</nav>
      <PageHeader title="New profile">Begin with a profile that is there, leave out what does not fit, and change thresholds.</PageHeader>
      <ProfileForm key={from ?? ''} from={from} />
    </div>
  )
}
