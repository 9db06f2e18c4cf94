import { createLazyRoute } from '@tanstack/react-router'
import { ProcessTreePage } from './ProcessTreePage'

export const Route = createLazyRoute('/inside/devices/$deviceId/tree')({ component: ProcessTreePage })
