import type { SavedQuery, SessionInfo } from '../../api/types'

/** Whether the reader may change it: only who made it does. */
export const isMine = (saved: Pick<SavedQuery, 'owner'>, user: Pick<SessionInfo['user'], 'id' | 'email'> | undefined): boolean =>
  user !== undefined && (saved.owner === user.id || saved.owner === user.email)
