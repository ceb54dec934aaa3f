"""Where things are: positions, datums, indexes, regions and the PostGIS connection. Imports none of the other rooms."""
