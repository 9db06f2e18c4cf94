import { BarChart, LineChart, PieChart, ScatterChart } from 'echarts/charts'
import { AriaComponent, DataZoomSliderComponent, GridComponent, LegendScrollComponent, TitleComponent, TooltipComponent } from 'echarts/components'
import * as echarts from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

// Only what is drawn here: the rest of the library stays out of the bundle.
echarts.use([AriaComponent, BarChart, CanvasRenderer, DataZoomSliderComponent, GridComponent, LegendScrollComponent, LineChart, PieChart, ScatterChart, TitleComponent, TooltipComponent])

export { echarts }
