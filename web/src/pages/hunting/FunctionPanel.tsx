import { useQuery } from '@tanstack/react-query'
import { functionQuery } from '../../api/queries/huntingFunctions'
import { SidePanel } from '../../components/SidePanel'
import { ErrorState, Loading } from '../../components/states'
import { FunctionForm } from './FunctionForm'

interface Props {
  /** Undefined for a new one. */
  name: string | undefined
  /** What a new one begins with. */
  body: string
  onClose: () => void
  onSaved: (name: string) => void
}

/** A function beside the editor: made or changed. */
export function FunctionPanel({ name, body, onClose, onSaved }: Props) {
  return (
    <SidePanel open title={name ?? 'New function'} onClose={onClose}>
      {name === undefined ? (
        <FunctionForm present={undefined} draft={{ name: '', folder: '', description: '', parameters: '()', body }} onClose={onClose} onSaved={onSaved} />
      ) : (
        <Present name={name} onClose={onClose} onSaved={onSaved} />
      )}
    </SidePanel>
  )
}

function Present({ name, onClose, onSaved }: { name: string; onClose: () => void; onSaved: (name: string) => void }) {
  const found = useQuery(functionQuery(name))
  if (found.isPending) return <Loading what="the function" />
  if (!found.data) return <ErrorState what="The function could not be read" error={found.error} retry={() => void found.refetch()} />
  const { folder, description, parameters, body, revision } = found.data
  // What is being written stays when the function is read again: the key is the function, not its revision.
  return <FunctionForm key={name} present={found.data} draft={{ name, folder, description, parameters, body, revision }} onClose={onClose} onSaved={onSaved} />
}
