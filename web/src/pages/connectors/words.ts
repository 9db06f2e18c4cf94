import type { Connector } from '../../api/types'
import type { ConnectorKind } from '../../lib/search'

export const KINDS: Record<ConnectorKind, { name: string; what: string }> = {
  ssh: { name: 'SSH', what: 'A list of hosts or an Ansible inventory, reached with a key or an agent.' },
  aws: { name: 'AWS', what: 'The EC2 instances of a region, reached through Systems Manager.' },
  cloud_init: { name: 'cloud-init', what: 'User data for machines that do not exist yet.' },
  script: { name: 'Script', what: 'One script that puts the sensor on a machine, wherever it is.' },
  package: { name: 'Package', what: 'A deb or rpm package, for your own software distribution.' },
}
export const kindName = (kind: string): string => KINDS[kind as ConnectorKind]?.name ?? kind

const STATES: Record<string, { label: string; tone: 'good' | 'quiet' | 'warn' }> = {
  planned: { label: 'Planned', tone: 'warn' },
  active: { label: 'Active', tone: 'good' },
  revoked: { label: 'Ended', tone: 'quiet' },
}
export const stateLook = (connector: Pick<Connector, 'state'>) => STATES[connector.state] ?? STATES.planned!

/** What each step of a test is about. */
export const CHECK_WORDS: Record<string, string> = {
  listing: 'List',
  client: 'OpenSSH client of the server',
  key: 'Key',
  inventory: 'Inventory',
  reach: 'Machines answer',
  host_keys: 'Host keys are confirmed',
  login: 'Login',
  privileges: 'Root',
  ec2_describe_instances: 'ec2:DescribeInstances',
  ssm_describe_instance_information: 'ssm:DescribeInstanceInformation',
  ssm_send_command: 'ssm:SendCommand',
  ssm_get_command_invocation: 'ssm:GetCommandInvocation',
  server: 'Address of the sensors’ door',
  certificates: 'Certificates of the sensors’ door',
}

/** What the dry run says of a machine, in a word. */
export const PLAN_WORDS: Record<string, string> = {
  install: 'Install',
  look: 'Look first',
  adopt: 'Take over',
  stop: 'Not yet',
  exclude: 'Left out',
  when_it_runs: 'When it runs',
  by_itself: 'By itself',
}
/** The part of the dry run that a machine counts to. */
export const planPart = (plan: string): 'install' | 'adopt' | 'left' => (plan === 'install' || plan === 'look' ? 'install' : plan === 'adopt' ? 'adopt' : 'left')
