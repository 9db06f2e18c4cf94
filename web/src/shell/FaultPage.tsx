import type { ErrorComponentProps } from '@tanstack/react-router'
import { ErrorState } from '../components/states'

/** A fault of the console or a server that did not answer at the start. */
export function FaultPage({ error }: ErrorComponentProps) {
  return (
    <main className="form-page">
      <ErrorState what="Palisade could not be opened" error={error} kept="Nothing was changed." retry={() => window.location.reload()} />
    </main>
  )
}
