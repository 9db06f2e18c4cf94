import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import { ArrowDownloadRegular } from '@fluentui/react-icons'
import { packageUrl } from '../../api/queries/connectors'
import type { Onboarding } from '../../api/types'
import { CopyButton, CopyLine } from '../../components/CopyText'
import { Instant } from '../../components/Instant'
import { saveFile } from '../../lib/export'
import { formatCount } from '../../lib/format'

const TITLES: Record<Onboarding['form'], string> = { script: 'The script', cloud_init: 'The user data', package: 'The invitation' }

/** What machines are given: shown this once, to be copied or saved, and what to do with it. */
export function Invitation({ made, onDone }: { made: Onboarding; onDone: () => void }) {
  const title = TITLES[made.form]
  return (
    <section className="stack" aria-label={title}>
      <MessageBar intent="success" layout="multiline" role="status">
        <MessageBarBody>
          <MessageBarTitle>{title}.</MessageBarTitle> It holds a token and is shown only now. It takes in up to {formatCount(made.max_uses)}{' '}
          {made.max_uses === 1 ? 'machine' : 'machines'} and ends <Instant at={made.expires_at} show="age" />.
        </MessageBarBody>
        <MessageBarActions><Button size="small" onClick={onDone}>I have it</Button></MessageBarActions>
      </MessageBar>
      <div className="row wrap">
        <Button icon={<ArrowDownloadRegular />} onClick={() => saveFile(made.file_name, 'text/plain', made.text)}>Save {made.file_name}</Button>
        <CopyButton text={made.text} label={`Copy ${title.toLowerCase()}`} />
      </div>
      <pre className="code-block" tabIndex={0} aria-label={title}>{made.text}</pre>
      {made.form === 'script' && (
        <>
          <p>Run it as root on each machine:</p>
          <CopyLine text={`sh ${made.file_name}`} label="Command" />
        </>
      )}
      {made.form === 'cloud_init' && <p>Give it to new machines as their user data; EC2 takes 16 KiB of it, which this is below.</p>}
      {made.form === 'package' && <PackageSteps file={made.file_name} />}
      <p className="muted">A machine appears under Machines within seconds of its enrolment, in this subscription.</p>
    </section>
  )
}

function PackageSteps({ file }: { file: string }) {
  return (
    <>
      <p>First leave the invitation on each machine, as root; then install the package that it has a package manager for.</p>
      <CopyLine text={`sh ${file}`} label="Command that leaves the invitation" />
      <div className="row wrap">
        <Button as="a" href={packageUrl('deb')} icon={<ArrowDownloadRegular />}>deb package</Button>
        <Button as="a" href={packageUrl('rpm')} icon={<ArrowDownloadRegular />}>rpm package</Button>
      </div>
      <CopyLine text="apt-get install ./palisade-sensor_*_amd64.deb" label="Command for Debian and Ubuntu" />
      <CopyLine text="dnf install ./palisade-sensor-*.x86_64.rpm" label="Command for Red Hat, Fedora and Amazon Linux" />
    </>
  )
}
