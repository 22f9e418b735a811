"""The source ``meta_ads``: an ad account's figures and rejected ads, asked for through the Graph API."""

from __future__ import annotations

from scoring.funnel.stages import Stage
from scoring.sources.ending_dates import Offer
from scoring.sources.endings import Use
from scoring.wording.text import Text
from streams.sources.meta_ads.asking import asking
from streams.sources.meta_ads.config import MetaAdsConnection
from streams.sources.meta_ads.mapping import MetaAdsTerms, translate
from streams.sources.meta_ads.polling import polls
from streams.sources.source import Authorisation, SourceSpec, Supply

SOURCE = SourceSpec(
    name="meta_ads",
    words=Text("Meta 广告", "Meta ads"),
    supplies={Stage.IMPRESSION: Supply.REPORT, Stage.CLICK: Supply.REPORT},
    definition=Text(
        "曝光：广告展示次数；点击：全部点击，链接点击另列；花费、覆盖人数、归因购买按天给出，28 天内会被改写，每天重读。时区是广告账户的。"
        "归因购买不是订单，不与订单相加。没有投放的日子 Meta 不给数，不等于 0。",
        "Impression: an ad was shown. Click: all clicks; link clicks are a figure of their own. Spend, reach and attributed purchases come by "
        "day, change for 28 days and are read again daily. Days are the ad account's. Attributed purchases are not orders and are never added "
        "to them. For a day without delivery Meta says nothing, which is not 0.",
    ),
    events_as=(),
    polls=polls,
    asking=asking,
    translate=translate,
    config=MetaAdsConnection,
    terms=lambda config: MetaAdsTerms("" if config.is_only_account else config.account),
    authorisation=lambda config: Authorisation.KEY,
    uses=lambda config: [Use(Offer.META_MARKETING_API, config.version)],
)
