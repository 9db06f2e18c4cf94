import { createLazyRoute } from '@tanstack/react-router'
import { HuntingPage } from './HuntingPage'

export const Route = createLazyRoute('/inside/hunting')({ component: HuntingPage })
