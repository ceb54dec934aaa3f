/** What the planning page asks and gets, as the server itself describes it. */
import type { components } from './schema'

type Theirs = components['schemas']

export type Scenario = Theirs['Scenario']
export type Demand = Scenario['demand']
export type Changes = Theirs['Changes']
export type CoverageResult = Theirs['CoverageResult']
export type SitingResult = Theirs['SitingResult']
export type CoverageJob = Theirs['Job']
export type CoverageJobWithResult = Theirs['JobWithResult']
export type CoverageFigures = Theirs['planning__figures__Figures']
export type CoveragePart = Theirs['Part']
export type CoverageOrigin = Theirs['Origin']
export type CoverageTrial = Theirs['Trial']
export type CoverageComparison = Theirs['Comparison']
export type CoveragePartChange = Theirs['PartChange']
export type MinutesStep = Theirs['Step']
export type Siting = Theirs['Siting']
export type Objective = NonNullable<Siting['objective']>
export type UncoveredPlace = Theirs['Uncovered']
export type UncoveredPage = Theirs['UncoveredPage']

export type SendingCost = Theirs['SendingCost']
export type CoverageNow = Theirs['CoverageNow']
export type StandByAnswer = Theirs['StandByAnswer']

/** The files of a finished scenario; the report is a page to print. */
export const COVERAGE_FILES = ['report.html', 'map.html', 'map.gpkg', 'map.csv', 'map.parquet'] as const
export type CoverageFile = (typeof COVERAGE_FILES)[number]
