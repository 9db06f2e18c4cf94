import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { rolloutQuery, useResumeRollout } from '../../api/queries/connectors'
import { useMay } from '../../api/queries/session'
import { ErrorBar } from '../../components/ErrorBar'
import { formatCount } from '../../lib/format'

/** How far the roll-out of a subscription has come; a held one waits for a person. */
export function RolloutNote({ subscription }: { subscription: string }) {
  const rollout = useQuery(rolloutQuery(subscription))
  const may = useMay('estate.operate')
  const resume = useResumeRollout()
  const r = rollout.data
  if (!r || r.state === 'none') return null
  const broken = <Link className="link" to="/machines" search={{ subscription, status: 'unhealthy' }}>{r.broken === 1 ? '1 machine' : `${formatCount(r.broken)} machines`}</Link>
  return (
    <>
      <MessageBar intent={r.state === 'held' ? 'warning' : r.state === 'done' ? 'success' : 'info'} layout="multiline">
        <MessageBarBody>
          {r.state === 'held' ? (
            <><MessageBarTitle>The roll-out is held.</MessageBarTitle> {broken} of {formatCount(r.finished)} that are finished broke. Look at their findings, then go on. Machines of later waves wait.</>
          ) : r.state === 'done' ? (
            <><MessageBarTitle>Every wave was let go.</MessageBarTitle> The roll-out is about {formatCount(r.machines)} machines; those that come later are served by themselves.</>
          ) : (
            <><MessageBarTitle>The roll-out is in wave {r.wave} of {r.waves}.</MessageBarTitle> The next one begins when this one has finished and was watched for a while.</>
          )}
        </MessageBarBody>
        {r.state === 'held' && may && <MessageBarActions><Button size="small" disabled={resume.isPending} onClick={() => resume.mutate(subscription)}>Go on</Button></MessageBarActions>}
      </MessageBar>
      <ErrorBar what="The roll-out does not go on" error={resume.error} />
    </>
  )
}
