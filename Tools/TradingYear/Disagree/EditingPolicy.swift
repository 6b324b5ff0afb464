/// The policy under which people disagree: every rule that decides without a look at clocks, so that what must come of it can
/// be told beforehand.
enum EditingPolicy {
    static let organisation = "Online Retail"

    static let text = """
        version: 1
        organisation: \(organisation)
        entities:
          product: {direction: both, fields: {price: {type: decimal, merge: central-wins}, name: {type: text, merge: manual}}}

        """
}
