import { createRootRoute, createRoute, createRouter, redirect } from '@tanstack/react-router'
import { sessionQuery } from './api/queries/session'
import { asApiError } from './api/errors'
import { connectorSearch, connectorsSearch, connectSearch, devicesSearch, everythingSearch, explorerSearch, exportsSearch, healthSearch, huntingSearch, machineSearch, machinesSearch, openSearch, setupSearch, signInSearch, subscriptionSearch, timelineSearch, treeSearch, usageSearch } from './lib/search'
import { baselineSearch, deviceBaselineSearch, newBaselineSearch, secureScoreSearch } from './lib/baselineSearch'
import { exceptionsSearch, inventorySearch } from './lib/inventorySearch'
import { eventsSearch, notificationsSearch } from './lib/notificationSearch'
import { blocksSearch, remediationSearch, remediationsSearch } from './lib/remediationSearch'
import { certificatesSearch, deviceSoftwareSearch, deviceVulnerabilitiesSearch, exposedDevicesSearch, exposureSearch, recommendationsSearch, softwareSearch, weaknessesSearch } from './lib/vulnerabilitySearch'
import { BaselinePage } from './pages/baselines/BaselinePage'
import { BaselinesPage } from './pages/baselines/BaselinesPage'
import { NewBaselinePage } from './pages/baselines/NewBaselinePage'
import { BlocksPage } from './pages/blocks/BlocksPage'
import { ConnectorPage } from './pages/connectors/ConnectorPage'
import { ConnectorsPage } from './pages/connectors/ConnectorsPage'
import { ConnectPage } from './pages/connectors/ConnectPage'
import { BaselineTab } from './pages/device/BaselineTab'
import { DevicePage } from './pages/device/DevicePage'
import { FactsTab } from './pages/device/FactsTab'
import { OrdersTab } from './pages/device/OrdersTab'
import { SensorTab } from './pages/device/SensorTab'
import { SoftwareTab } from './pages/device/SoftwareTab'
import { TimelineTab } from './pages/device/TimelineTab'
import { VulnerabilitiesTab } from './pages/device/VulnerabilitiesTab'
import { DevicesPage } from './pages/devices/DevicesPage'
import { DeviceGroupPage } from './pages/groups/DeviceGroupPage'
import { DeviceGroupsPage } from './pages/groups/DeviceGroupsPage'
import { EstatePage } from './pages/estate/EstatePage'
import { SubscriptionPage } from './pages/estate/SubscriptionPage'
import { HealthPage } from './pages/health/HealthPage'
import { EventsPage } from './pages/events/EventsPage'
import { ExplorerPage } from './pages/explorer/ExplorerPage'
import { ExtensionsPage } from './pages/inventory/ExtensionsPage'
import { HardwarePage } from './pages/inventory/HardwarePage'
import { SharesPage } from './pages/inventory/SharesPage'
import { MachinePage } from './pages/machines/MachinePage'
import { MachinesPage } from './pages/machines/MachinesPage'
import { NotFoundPage } from './pages/NotFoundPage'
import { NotificationsPage } from './pages/notifications/NotificationsPage'
import { RemediationPage } from './pages/remediation/RemediationPage'
import { RemediationsPage } from './pages/remediation/RemediationsPage'
import { SearchPage } from './pages/search/SearchPage'
import { SecureScorePage } from './pages/securescore/SecureScorePage'
import { AuditPage } from './pages/settings/AuditPage'
import { EnrolmentPage } from './pages/settings/EnrolmentPage'
import { PeoplePage } from './pages/settings/PeoplePage'
import { SessionsPage } from './pages/settings/SessionsPage'
import { TokensPage } from './pages/settings/TokensPage'
import { SetupPage } from './pages/setup/SetupPage'
import { SignInPage } from './pages/signin/SignInPage'
import { UsagePage } from './pages/usage/UsagePage'
import { CertificatesPage } from './pages/vulnerabilities/CertificatesPage'
import { DashboardPage } from './pages/vulnerabilities/DashboardPage'
import { ExceptionsPage } from './pages/vulnerabilities/ExceptionsPage'
import { ExposedDevicesPage } from './pages/vulnerabilities/ExposedDevicesPage'
import { RecommendationsPage } from './pages/vulnerabilities/RecommendationsPage'
import { SoftwarePage } from './pages/vulnerabilities/SoftwarePage'
import { WeaknessesPage } from './pages/vulnerabilities/WeaknessesPage'
import { queryClient, whenSignedOut } from './query-client'
import { FaultPage } from './shell/FaultPage'
import { Shell } from './shell/Shell'

const root = createRootRoute({ notFoundComponent: NotFoundPage, errorComponent: FaultPage })

const setup = createRoute({ getParentRoute: () => root, path: '/setup', validateSearch: setupSearch, component: SetupPage })
const signIn = createRoute({ getParentRoute: () => root, path: '/sign-in', validateSearch: signInSearch, component: SignInPage })

/** Everything behind it needs a session; without one, sign-in brings back to the same URL. */
const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: Shell,
  beforeLoad: async ({ location }) => {
    try {
      await queryClient.ensureQueryData(sessionQuery)
    } catch (error) {
      if (asApiError(error).status !== 401) throw error
      throw redirect({ to: '/sign-in', search: { next: location.href } })
    }
  },
})

const home = createRoute({
  getParentRoute: () => inside,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/devices' })
  },
})
const devices = createRoute({ getParentRoute: () => inside, path: '/devices', validateSearch: devicesSearch, component: DevicesPage })
const device = createRoute({ getParentRoute: () => inside, path: '/devices/$deviceId', component: DevicePage })
const deviceHome = createRoute({
  getParentRoute: () => device,
  path: '/',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/devices/$deviceId/timeline', params: { deviceId: (params as { deviceId: string }).deviceId }, replace: true })
  },
})
const timeline = createRoute({ getParentRoute: () => device, path: '/timeline', validateSearch: timelineSearch, component: TimelineTab })
const facts = createRoute({ getParentRoute: () => device, path: '/facts', component: FactsTab })
const orders = createRoute({ getParentRoute: () => device, path: '/orders', validateSearch: openSearch, component: OrdersTab })
const sensor = createRoute({ getParentRoute: () => device, path: '/sensor', component: SensorTab })
const deviceSoftware = createRoute({ getParentRoute: () => device, path: '/software', validateSearch: deviceSoftwareSearch, component: SoftwareTab })
const deviceVulnerabilities = createRoute({ getParentRoute: () => device, path: '/vulnerabilities', validateSearch: deviceVulnerabilitiesSearch, component: VulnerabilitiesTab })
const deviceBaseline = createRoute({ getParentRoute: () => device, path: '/baseline', validateSearch: deviceBaselineSearch, component: BaselineTab })
const exposure = createRoute({ getParentRoute: () => inside, path: '/exposure', validateSearch: exposureSearch, component: DashboardPage })
const exposedDevices = createRoute({ getParentRoute: () => inside, path: '/exposure/devices', validateSearch: exposedDevicesSearch, component: ExposedDevicesPage })
const recommendations = createRoute({ getParentRoute: () => inside, path: '/recommendations', validateSearch: recommendationsSearch, component: RecommendationsPage })
const weaknesses = createRoute({ getParentRoute: () => inside, path: '/weaknesses', validateSearch: weaknessesSearch, component: WeaknessesPage })
const software = createRoute({ getParentRoute: () => inside, path: '/software', validateSearch: softwareSearch, component: SoftwarePage })
const certificates = createRoute({ getParentRoute: () => inside, path: '/certificates', validateSearch: certificatesSearch, component: CertificatesPage })
const remediations = createRoute({ getParentRoute: () => inside, path: '/remediations', validateSearch: remediationsSearch, component: RemediationsPage })
const remediation = createRoute({ getParentRoute: () => inside, path: '/remediations/$remediationId', validateSearch: remediationSearch, component: RemediationPage })
const baselines = createRoute({ getParentRoute: () => inside, path: '/baselines', component: BaselinesPage })
// No profile can have this name.
const newBaseline = createRoute({ getParentRoute: () => inside, path: '/baselines/~new', validateSearch: newBaselineSearch, component: NewBaselinePage })
const baseline = createRoute({ getParentRoute: () => inside, path: '/baselines/$profileId', validateSearch: baselineSearch, component: BaselinePage })
const secureScore = createRoute({ getParentRoute: () => inside, path: '/secure-score', validateSearch: secureScoreSearch, component: SecureScorePage })
const blocks = createRoute({ getParentRoute: () => inside, path: '/application-blocks', validateSearch: blocksSearch, component: BlocksPage })
const events = createRoute({ getParentRoute: () => inside, path: '/events', validateSearch: eventsSearch, component: EventsPage })
const exceptions = createRoute({ getParentRoute: () => inside, path: '/exceptions', validateSearch: exceptionsSearch, component: ExceptionsPage })
const shares = createRoute({ getParentRoute: () => inside, path: '/shares', validateSearch: inventorySearch, component: SharesPage })
const hardware = createRoute({ getParentRoute: () => inside, path: '/hardware', validateSearch: inventorySearch, component: HardwarePage })
const extensions = createRoute({ getParentRoute: () => inside, path: '/browser-extensions', validateSearch: inventorySearch, component: ExtensionsPage })
const tree = createRoute({ getParentRoute: () => inside, path: '/devices/$deviceId/tree', validateSearch: treeSearch }).lazy(() =>
  import('./pages/tree/route').then((m) => m.Route),
)
const machines = createRoute({ getParentRoute: () => inside, path: '/machines', validateSearch: machinesSearch, component: MachinesPage })
const machine = createRoute({ getParentRoute: () => inside, path: '/machines/$machineId', validateSearch: machineSearch, component: MachinePage })
const health = createRoute({ getParentRoute: () => inside, path: '/health', validateSearch: healthSearch, component: HealthPage })
const estate = createRoute({ getParentRoute: () => inside, path: '/estate', component: EstatePage })
const subscription = createRoute({ getParentRoute: () => inside, path: '/estate/$subscriptionId', validateSearch: subscriptionSearch, component: SubscriptionPage })
const connect = createRoute({ getParentRoute: () => inside, path: '/estate/$subscriptionId/connect', validateSearch: connectSearch, component: ConnectPage })
const connectors = createRoute({ getParentRoute: () => inside, path: '/connectors', validateSearch: connectorsSearch, component: ConnectorsPage })
const connector = createRoute({ getParentRoute: () => inside, path: '/connectors/$connectorId', validateSearch: connectorSearch, component: ConnectorPage })
const explorer = createRoute({ getParentRoute: () => inside, path: '/explorer', validateSearch: explorerSearch, component: ExplorerPage })
const hunting = createRoute({ getParentRoute: () => inside, path: '/hunting', validateSearch: huntingSearch }).lazy(() =>
  import('./pages/hunting/route').then((m) => m.Route),
)
const exports = createRoute({ getParentRoute: () => inside, path: '/hunting/exports', validateSearch: exportsSearch }).lazy(() =>
  import('./pages/exports/route').then((m) => m.Route),
)
const files = createRoute({ getParentRoute: () => inside, path: '/hunting/files' }).lazy(() => import('./pages/uploads/route').then((m) => m.Route))

const search = createRoute({ getParentRoute: () => inside, path: '/search', validateSearch: everythingSearch, component: SearchPage })

const settings = createRoute({
  getParentRoute: () => inside,
  path: '/settings',
  beforeLoad: () => {
    throw redirect({ to: '/settings/tokens' })
  },
})
const people = createRoute({ getParentRoute: () => inside, path: '/settings/people', validateSearch: openSearch, component: PeoplePage })
const groups = createRoute({ getParentRoute: () => inside, path: '/settings/device-groups', component: DeviceGroupsPage })
const group = createRoute({ getParentRoute: () => inside, path: '/settings/device-groups/$groupId', component: DeviceGroupPage })
const notifications = createRoute({ getParentRoute: () => inside, path: '/settings/notifications', validateSearch: notificationsSearch, component: NotificationsPage })
const tokens = createRoute({ getParentRoute: () => inside, path: '/settings/tokens', component: TokensPage })
const sessions = createRoute({ getParentRoute: () => inside, path: '/settings/sessions', component: SessionsPage })
const enrolment = createRoute({ getParentRoute: () => inside, path: '/settings/enrolment', component: EnrolmentPage })
const audit = createRoute({ getParentRoute: () => inside, path: '/settings/audit', validateSearch: openSearch, component: AuditPage })

/** Where subscriptions were before. */
const subscriptions = createRoute({
  getParentRoute: () => inside,
  path: '/settings/subscriptions',
  beforeLoad: () => {
    throw redirect({ to: '/estate' })
  },
})
const usage = createRoute({ getParentRoute: () => inside, path: '/usage', validateSearch: usageSearch, component: UsagePage })

const routeTree = root.addChildren([
  setup,
  signIn,
  inside.addChildren([
    home,
    machines,
    machine,
    health,
    estate,
    subscription,
    connect,
    connectors,
    connector,
    explorer,
    devices,
    tree,
    device.addChildren([deviceHome, timeline, facts, deviceSoftware, deviceVulnerabilities, deviceBaseline, orders, sensor]),
    exposure,
    exposedDevices,
    recommendations,
    weaknesses,
    software,
    certificates,
    remediations,
    remediation,
    baselines,
    newBaseline,
    baseline,
    secureScore,
    blocks,
    events,
    exceptions,
    shares,
    hardware,
    extensions,
    hunting,
    exports,
    files,
    search,
    usage,
    settings,
    subscriptions,
    people,
    groups,
    group,
    notifications,
    tokens,
    sessions,
    enrolment,
    audit,
  ]),
])

export const router = createRouter({
  routeTree,
  // What no page knows goes out of the address and reaches no request.
  search: { strict: true },
  // Plain text both ways: an id of nineteen digits must not become a number.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const pairs = Object.entries(search).filter(([, value]) => value !== undefined)
    const text = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString()
    return text && `?${text}`
  },
})

whenSignedOut(() => {
  const { pathname, href } = router.state.location
  if (pathname === '/sign-in' || pathname === '/setup') return
  queryClient.removeQueries({ queryKey: ['session'] })
  void router.navigate({ to: '/sign-in', search: { next: href }, replace: true })
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
