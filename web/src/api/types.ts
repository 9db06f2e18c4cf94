import type { components, paths } from './schema'

type Schemas = components['schemas']
/** What a list at this path is of. */
type ItemOf<P extends keyof paths> = paths[P] extends { get: { responses: { 200: { content: { 'application/json': { items: (infer T)[] } } } } } } ? T : never

export type Device = Schemas['Device']
export type Health = Device['health']
export type TimelineItem = Schemas['TimelineItem']
export type ProcessNode = Schemas['ProcessNode']
export type ProcessTree = Schemas['ProcessTree']
export type Order = Schemas['Order']
export type OrderKind = Schemas['NewOrder']['kind']
export type HuntingResult = Schemas['HuntingResult']
export type HuntingSchema = Schemas['HuntingSchema']
export type HuntingTable = Schemas['HuntingTable']
export type Diagnostic = Schemas['Diagnostic']
export type ResultColumn = Schemas['ResultColumn']
export type SessionInfo = Schemas['SessionInfo']
export type User = Schemas['User']
export type Role = Schemas['User']['role']
export type NewUser = Schemas['NewUser']
export type ChangedUser = Schemas['ChangedUser']
export type NewToken = Schemas['NewApiToken']
export type Session = Schemas['Session']
export type ApiToken = Schemas['ApiToken']
export type EnrolmentToken = Schemas['EnrolmentToken']
export type DeviceGroup = Schemas['DeviceGroup']
export type NewDeviceGroup = Schemas['NewDeviceGroup']
export type DeviceRule = Schemas['DeviceRule']
export type AuditEntry = Schemas['AuditEntry']
export type Subscription = Schemas['Subscription']
export type PlansChange = Schemas['PlansBody']
export type UsageAnswer = Schemas['UsageAnswer']
export type UsageRow = Schemas['UsageRow']
export type RateCard = Schemas['RateCard']
export type RateCardDraft = Schemas['RateCardBody']
export type Instance = Schemas['Instance']

/** What each role may do, in one line. */
export const ROLES: Record<Role, string> = {
  reader: 'Looks and hunts.',
  operator: 'Acts on devices too: orders, fixes, exclusions, roll-outs, tags.',
  administrator: 'Everything, people and plans too. Sees all devices.',
}

/** How much harm the loss of a device does. */
export const CRITICALITY: Record<DeviceGroup['criticality'], string> = {
  low: 'Nobody would miss it for a day.',
  normal: 'What most devices are.',
  high: 'Others depend on it.',
  very_high: 'The business stands still without it.',
}

/** How far the product may go on a device by itself. */
export const AUTOMATION: Record<DeviceGroup['automation'], string> = {
  none: 'A person starts whatever is done.',
  semi: 'It proposes, and a person approves.',
  full: 'It acts, and a person can undo.',
}
export type Machine = Schemas['Machine']
export type Finding = Schemas['Finding']
export type MachineHealth = Schemas['MachineHealth']
export type MachineTask = Schemas['MachineTask']
export type FindingCount = Schemas['FindingCount']
export type HealthSummary = Schemas['HealthSummary']
export type HealthThresholds = Schemas['HealthThresholds']
export type HealthTrend = Schemas['HealthTrend']
export type Connector = Schemas['Connector']
export type ConnectorCheck = Schemas['ConnectorCheck']
export type ConnectorPlan = Schemas['ConnectorPlan']
export type PlannedMachine = Schemas['PlannedMachine']
export type HostKey = Schemas['HostKey']
export type NewConnector = Schemas['NewConnectorBody']
export type NewOnboarding = Schemas['NewOnboarding']
export type Onboarding = Schemas['Onboarding']
export type Rollout = Schemas['Rollout']
export type SubscriptionPatch = Schemas['SubscriptionPatch']
export type NewSubscription = Schemas['NewSubscriptionBody']
export type SearchAnswer = Schemas['SearchAnswer']
export type MachineSecurity = Schemas['MachineSecurity']
export type Vulnerability = Schemas['Vulnerability']
export type VulnerableComponent = Schemas['VulnerableComponent']
export type VulnerableDevice = Schemas['VulnerableDevice']
export type Software = Schemas['Software']
export type SoftwareDetail = Schemas['SoftwareDetail']
export type SecurityRecommendation = Schemas['SecurityRecommendation']
export type ExposureScore = Schemas['ExposureScore']
export type DeviceExposure = Schemas['DeviceExposure']
export type ExposurePoint = Schemas['ExposurePoint']
export type VulnerabilityFeed = Schemas['VulnerabilityFeed']
export type VulnerabilityException = Schemas['VulnerabilityException']
export type NewVulnerabilityException = Schemas['NewVulnerabilityException']
export type DeviceCertificate = Schemas['DeviceCertificate']
export type InstalledSoftware = Schemas['InstalledSoftware']
export type DeviceVulnerability = Schemas['DeviceVulnerability']
export type ListedDevice = Schemas['ListedDevice']
export type DeviceShare = Schemas['DeviceShare']
export type DeviceHardware = Schemas['DeviceHardware']
export type DeviceBrowserExtension = Schemas['DeviceBrowserExtension']
export type Remediation = Schemas['Remediation']
export type NewRemediation = Schemas['NewRemediation']
export type RemediationUpdate = Schemas['RemediationUpdate']
export type RemediationApproval = Schemas['RemediationApproval']
export type RemediationRun = Schemas['RemediationRun']
export type RemediationDevice = Schemas['RemediationDevice']
export type BaselineProfile = Schemas['BaselineProfile']
export type BaselineContent = Schemas['BaselineContent']
export type ProfileCheck = Schemas['ProfileCheck']
export type CheckedDevice = Schemas['CheckedDevice']
export type BaselineOfDevice = Schemas['BaselineOfDevice']
export type BaselineCheck = Schemas['BaselineCheck']
export type BaselineParameter = Schemas['BaselineParameter']
export type BaselineEvidence = Schemas['BaselineEvidence']
export type BaselineResult = Schemas['BaselineResult']
export type SecureCategories = Schemas['SecureCategories']
export type SecureCost = Schemas['SecureCost']
export type SecurePoint = Schemas['SecurePoint']
export type DeviceSecureScore = Schemas['DeviceSecureScore']
export type ApplicationBlock = Schemas['ApplicationBlock']
export type NewApplicationBlock = Schemas['NewApplicationBlock']
export type ApplicationBlockDevice = Schemas['ApplicationBlockDevice']
export type VulnerabilityEvent = Schemas['VulnerabilityEvent']
export type Webhook = Schemas['Webhook']
export type WebhookWithSecret = Schemas['WebhookWithSecret']
export type NewWebhookBody = Schemas['NewWebhookBody']
export type WebhookPatch = Schemas['WebhookPatch']
export type NotificationRule = Schemas['NotificationRule']
export type NotificationRuleBody = Schemas['NotificationRuleBody']
export type NotificationDelivery = Schemas['NotificationDelivery']
export type Agentless = Schemas['Agentless']
export type AgentlessOfSubscription = Schemas['AgentlessOfSubscription']
/** What `render` asks for; null in an answer whose query has none. */
export type Render = NonNullable<HuntingResult['render']>
export type HuntingFunction = ItemOf<'/api/v1/hunting/functions'>
export type SavedQuery = ItemOf<'/api/v1/hunting/saved-queries'>
export type HuntingHistoryItem = ItemOf<'/api/v1/hunting/history'>
export type ExportFormat = Schemas['ExportFormat']
export type ScheduledExport = Schemas['ScheduledExport']
export type ScheduledExportBody = Schemas['ScheduledExportBody']
export type HuntingExportRun = Schemas['HuntingExportRun']
export type HuntingUpload = Schemas['HuntingUpload']
