import { createLazyRoute } from '@tanstack/react-router'
import { UploadsPage } from './UploadsPage'

export const Route = createLazyRoute('/inside/hunting/files')({ component: UploadsPage })
