/** Every text in English, one file for each part of the product. */
import { alerts } from './alerts'
import { call } from './call'
import { common } from './common'
import { desk } from './desk'
import { deskTools } from './deskTools'
import { dispatching } from './dispatching'
import { field } from './field'
import { map } from './map'
import { plan } from './plan'
import { recorded } from './recorded'
import { sources } from './sources'
import { speeds } from './speeds'
import { theme } from './theme'
import { wall } from './wall'

export const en = {
  ...alerts,
  ...call,
  ...common,
  ...desk,
  ...deskTools,
  ...dispatching,
  ...field,
  ...map,
  ...plan,
  ...recorded,
  ...sources,
  ...speeds,
  ...theme,
  ...wall,
}
