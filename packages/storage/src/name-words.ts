/** The words of random container names: how a ship handles, and people of the sea and the sky. */

/** How a ship or a day can be. */
export const ADJECTIVES: readonly string[] = (
  'able afloat agile airy amber ample apt azure beamy blithe bonny breezy bright brisk ' +
  'buoyant calm chipper clean clear coastal coppery cosy crisp dapper deft distant drifting ' +
  'dry eager early easy even fair fleet fluent foamy fond free fresh gallant gentle gilded ' +
  'glad glassy golden grand grey hale handy hardy hearty high homely humble idle inland ' +
  'jaunty jolly keen kind late leeward level light lively lofty lucid lunar mellow merry ' +
  'mild misty moored moving nautic neat nimble noble northern oaken offshore open pale ' +
  'patient pelagic placid plain polar prime proud prudent quick quiet rapid ready restful ' +
  'rigged ripe robust rolling rosy round ruddy sailing salty sandy seaworthy sheltered ' +
  'silent silver sleek smooth snug solid sound southern spry staunch steady steely stellar ' +
  'still stout sturdy sunlit sunny sure swift tall tarred tidal tidy tranquil trim true ' +
  'upbeat upright vernal vivid warm watchful weathered western whole wide willing windward ' +
  'wise witty yare young zesty'
).split(' ');

/** Seafarers, astronomers, makers of maps and instruments. */
export const SURNAMES: readonly string[] = (
  'aldrich amundsen anning argelander barents baret beaufort bering bessel bougainville ' +
  'bowditch brahe bransfield brouwer cabot cabral cannon cartier cassini challis chapman ' +
  'chichester columb coronelli couper cousteau dampier davis delambre dias drake earle ' +
  'ekman ellet eriksson fabricius faroe ferrel fitzroy fleming flinders forbes foucault ' +
  'franklin fraunhofer fresnel frobisher galle gama gill graham gunter hadley halley ' +
  'harriot harrison hartog helland henson herschel heyerdahl hudson huggins humboldt ' +
  'huygens jansz kidson kirch kremer kuiper lacaille laperouse lassell leavitt leverrier ' +
  'lowell mackworth magellan maskelyne maunder maury mayer mercator messier mitchell ' +
  'moitessier mollweide moore munk nansen nares newcomb niebuhr nobile norwood oort ' +
  'ortelius oughtred palmer parry payne peary philby piazzi pickering plancius plimsoll ' +
  'poynting pytheas quiros rennell richer roemer roggeveen ross sabine scoresby secchi ' +
  'severin shackleton slocum smeaton somerville stevenson struve sverdrup symons tabarly ' +
  'tasman tereshkova tharp torell torres tupaia urdaneta vancouver vespucci wallis weddell ' +
  'whewell whiston wilkes willoughby wright wrangel zarco zheng'
).split(' ');
