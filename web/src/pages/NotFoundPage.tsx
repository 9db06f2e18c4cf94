import { Link } from '@tanstack/react-router'
import { EmptyState } from '../components/states'
import { useTitle } from '../lib/hooks'

export function NotFoundPage() {
  useTitle('No such page')
  return (
    <main className="form-page">
      <EmptyState title="There is no such page" action={<Link className="link" to="/devices">Go to Devices</Link>}>
        The address may be from another version of Palisade.
      </EmptyState>
    </main>
  )
}
