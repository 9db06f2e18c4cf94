import { FluentProvider, webDarkTheme, webLightTheme } from '@fluentui/react-components'
import { type ReactNode, useEffect } from 'react'
import { useIsDark } from '../lib/theme'

/** Fluent's own light and dark themes, following the choice or the system. */
export function Themed({ children }: { children: ReactNode }) {
  const dark = useIsDark()
  useEffect(() => {
    document.documentElement.style.colorScheme = dark ? 'dark' : 'light'
    document.documentElement.dataset.theme = dark ? 'dark' : 'light'
  }, [dark])
  return (
    <FluentProvider theme={dark ? webDarkTheme : webLightTheme}>
      {/* A class on the provider would be copied to every pop-up's frame. */}
      <div className="app">{children}</div>
    </FluentProvider>
  )
}
