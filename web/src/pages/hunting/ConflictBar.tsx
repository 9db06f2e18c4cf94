import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import { ApiError } from '../../api/errors'
import { Instant } from '../../components/Instant'

interface Changed {
  updated_by: string
  updated_at: string
}

/** Whether a change was refused because somebody else made one first. */
export const isConflict = (error: unknown): boolean => error instanceof ApiError && error.code === 'revision_conflict'

/** Two people changed the same thing: says who was first, and lets the second decide. */
export function ConflictBar({ theirs, onTake, onReplace }: { theirs: Changed | undefined; onTake: () => void; onReplace: () => void }) {
  return (
    <MessageBar intent="warning" layout="multiline" role="alert">
      <MessageBarBody>
        <MessageBarTitle>Somebody else changed it.</MessageBarTitle> {theirs && <>{theirs.updated_by} saved it <Instant at={theirs.updated_at} show="age" />. </>}
        What you wrote is kept here until you decide.
      </MessageBarBody>
      <MessageBarActions>
        <Button size="small" disabled={!theirs} onClick={onTake}>Show theirs</Button>
        <Button size="small" disabled={!theirs} onClick={onReplace}>Replace with mine</Button>
      </MessageBarActions>
    </MessageBar>
  )
}
