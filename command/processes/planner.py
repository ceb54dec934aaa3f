"""The long computations of the coverage pages."""

import asyncio

from command.coverage.planner import run_planner
from command.processes.starting import begin
from command.roads import road_store
from command.settings import CoverageSettings, DispatchSettings, ServerSettings

if __name__ == "__main__":
    of_this = ServerSettings()
    asyncio.run(run_planner(begin(of_this), road_store(of_this.home), DispatchSettings(), CoverageSettings()))
