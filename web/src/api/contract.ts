/**
 * Holds the shapes of `types.ts` against the server's own description (`schema.d.ts`, written by `npm run generate`).
 *
 * Nothing here runs: when a shape names a field that the server does not send, the type check fails and names it.
 */
import type { components } from './schema'
import type * as c from './recordings'
import type * as r from './rooms'
import type * as t from './types'

type Theirs = components['schemas']
/** Fields of ours that they do not send; must be none. */
type Missing<Ours, Sent> = Exclude<keyof Ours, keyof Sent>

type Check<None extends never> = None

export type Contract = [
  Check<Missing<t.Session, Theirs['SessionOut']>>,
  Check<Missing<t.User, Theirs['UserOut']>>,
  Check<Missing<t.Alert, Theirs['AlertOut']>>,
  Check<Missing<t.Assignment, Theirs['AssignmentOut']>>,
  Check<Missing<t.AlertBrief, Theirs['AlertBrief']>>,
  Check<Missing<t.Responders, Theirs['RespondersOut']>>,
  Check<Missing<t.Responder, Theirs['ResponderOut']>>,
  Check<Missing<t.RouteStep, Theirs['StreetOut']>>,
  Check<Missing<t.Route, Theirs['RouteOut']>>,
  Check<Missing<t.TimelineEvent, Theirs['EventOut']>>,
  Check<Missing<t.Officer, Theirs['OfficerOut']>>,
  Check<Missing<t.Duty, Theirs['DutyOut']>>,
  Check<Missing<t.FixesTaken, Theirs['TakenOut']>>,
  Check<Missing<t.Reading, Theirs['ReadingItem']>>,
  Check<Missing<t.Readings, Theirs['ReadingListing']>>,
  Check<Missing<t.Region, Theirs['RegionItem']>>,
  Check<Missing<t.Layer, Theirs['LayerItem']>>,
  Check<Missing<t.LegendEntry, Theirs['LegendItem']>>,
  Check<Missing<t.Statistics, Theirs['StatisticsItem']>>,
  Check<Missing<t.Enterprise, Theirs['EnterpriseDetail']>>,
  Check<Missing<t.Point, Theirs['PointDetail']>>,
  Check<Missing<t.Closure, Theirs['ClosureOut']>>,
  Check<Missing<t.Source, Theirs['SourceOut']>>,
  Check<Missing<t.Track, Theirs['TrackOut']>>,
  Check<Missing<t.Arrival, Theirs['ArrivalOut']>>,
  Check<Missing<t.Replay, Theirs['ReplayOut']>>,
  Check<Missing<t.RankingThen, Theirs['RankingOut']>>,
  Check<Missing<t.RankedThen, Theirs['RankedThenOut']>>,
  Check<Missing<t.TrackThen, Theirs['TrackThenOut']>>,
  Check<Missing<t.ClosureThen, Theirs['ClosedThenOut']>>,
  Check<Missing<t.BriefRecords['inspections'], Theirs['InspectionItem']>>,
  Check<Missing<t.BriefRecords['penalty-cases'], Theirs['PenaltyCaseItem']>>,
  Check<Missing<c.Recording, Theirs['RecordingOut']>>,
  Check<Missing<c.Segment, Theirs['SegmentOut']>>,
  Check<Missing<r.Room, Theirs['RoomOut']>>,
  Check<Missing<r.Seat, Theirs['SeatOut']>>,
  Check<Missing<r.Publication, Theirs['PublicationOut']>>,
  // What we send must be known to them, too.
  Check<Missing<t.NewAlert, Theirs['NewAlert']>>,
  Check<Missing<t.NewClosure, Theirs['ClosureIn']>>,
  Check<Missing<t.Offer, Theirs['NewAssignments']>>,
  Check<Missing<r.NewRoom, Theirs['NewRoom']>>,
  Check<Missing<t.StepInput, Theirs['StepIn']>>,
]
