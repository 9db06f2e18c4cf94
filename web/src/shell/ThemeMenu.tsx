import { Button, Menu, MenuItemRadio, MenuList, MenuPopover, MenuTrigger, Tooltip } from '@fluentui/react-components'
import { DarkThemeRegular } from '@fluentui/react-icons'
import { type ThemeChoice, setTheme, useThemeChoice } from '../lib/theme'

export function ThemeMenu() {
  const choice = useThemeChoice()
  return (
    <Menu checkedValues={{ theme: [choice] }} onCheckedValueChange={(_, data) => setTheme((data.checkedItems[0] ?? 'system') as ThemeChoice)}>
      <MenuTrigger disableButtonEnhancement>
        <Tooltip content="Theme" relationship="label">
          <Button appearance="subtle" icon={<DarkThemeRegular />} />
        </Tooltip>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuItemRadio name="theme" value="light">Light</MenuItemRadio>
          <MenuItemRadio name="theme" value="dark">Dark</MenuItemRadio>
          <MenuItemRadio name="theme" value="system">Like the system</MenuItemRadio>
        </MenuList>
      </MenuPopover>
    </Menu>
  )
}
