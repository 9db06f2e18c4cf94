import { useRouterState } from '@tanstack/react-router'

/** Names this entry of the browser's history: the same after Back and after the page changed its own address. */
export function useEntry(): string {
  return useRouterState({ select: ({ location }) => `${location.pathname}#${String((location.state as { __TSR_index?: number }).__TSR_index ?? 0)}` })
}
