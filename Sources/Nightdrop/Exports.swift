// Who imports Nightdrop gets the words in which its interface speaks: operations and policies, the rows that head office
// shows, and the values of the formats.
@_exported import NightdropFormats
@_exported import struct NightdropMerge.HookQuestion
@_exported import NightdropModel
@_exported import NightdropStore
