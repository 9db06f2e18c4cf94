import { Field, Input, Textarea } from '@fluentui/react-components'
import type { AwsDraft } from './settings'

interface Props {
  draft: AwsDraft
  onChange: (draft: AwsDraft) => void
  /** There is a credential, which empty fields keep. */
  kept: boolean
}

/** Which region and machines of AWS, and with which access key. */
export function AwsFields({ draft, onChange, kept }: Props) {
  const set = (change: Partial<AwsDraft>) => onChange({ ...draft, ...change })
  return (
    <>
      <Field label="Region" required><Input value={draft.region} placeholder="eu-central-1" maxLength={40} onChange={(_, d) => set({ region: d.value })} /></Field>
      <Field label="Only machines with these tags" hint="One a line: key, or key=value. Empty: all of the region.">
        <Textarea rows={2} value={draft.tags} onChange={(_, d) => set({ tags: d.value })} />
      </Field>
      <Field label="Access key" required={!kept} hint={kept ? 'Empty keeps the key that there is.' : undefined}>
        <Input value={draft.accessKey} autoComplete="off" spellCheck={false} placeholder="AKIA…" onChange={(_, d) => set({ accessKey: d.value })} />
      </Field>
      <Field label="Secret access key" required={!kept} hint="It is sealed at once and never shown again.">
        <Input type="password" value={draft.secretKey} autoComplete="new-password" onChange={(_, d) => set({ secretKey: d.value })} />
      </Field>
      <Field label="Session token" hint="Of temporary credentials only.">
        <Input type="password" value={draft.sessionToken} autoComplete="new-password" onChange={(_, d) => set({ sessionToken: d.value })} />
      </Field>
      <div className="form-row">
        <Field label="Another address for EC2" hint="Such as that of a VPC endpoint"><Input value={draft.ec2} placeholder="https://…" onChange={(_, d) => set({ ec2: d.value })} /></Field>
        <Field label="Another address for SSM"><Input value={draft.ssm} placeholder="https://…" onChange={(_, d) => set({ ssm: d.value })} /></Field>
      </div>
      <p className="muted small">
        The key needs <code>ec2:DescribeInstances</code>, <code>ssm:DescribeInstanceInformation</code>, <code>ssm:SendCommand</code> on the machines and on the
        document <code>AWS-RunShellScript</code>, and <code>ssm:GetCommandInvocation</code>. The test tries each.
      </p>
    </>
  )
}
