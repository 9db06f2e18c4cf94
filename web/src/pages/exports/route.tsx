import { createLazyRoute } from '@tanstack/react-router'
import { ExportsPage } from './ExportsPage'

export const Route = createLazyRoute('/inside/hunting/exports')({ component: ExportsPage })
