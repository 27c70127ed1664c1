"""The forms of keys, tokens and webhooks of vendors: a typical beginning, and the characters that follow."""

from __future__ import annotations

__all__ = ["SECRETS", "CharRun", "Secret"]

CharRun = tuple[str, int, int]
"""Characters of a class, with the least and the greatest number of them."""
Secret = tuple[str, *tuple[str | CharRun, ...]]
"""The possible beginnings; then runs of characters, and the literal text that must stand between these."""

LETTERS = "[A-Za-z0-9]"
WORD = "[A-Za-z0-9_]"
URL = "[A-Za-z0-9_-]"
BASE64 = "[A-Za-z0-9+/=_-]"
HEX = "[0-9A-Fa-f]"
CAPITALS = "[A-Z0-9]"

SECRETS: tuple[Secret, ...] = (
    # Models
    ("sk- pk- rk- sk_ pk_ rk_", (URL, 16, 400)),  # OpenAI, Anthropic, OpenRouter, DeepSeek, Stripe, Clerk and many more
    ("hf_ api_org_", (LETTERS, 20, 64)),  # Hugging Face
    ("gsk_ pplx- csk- fw_", (LETTERS, 20, 100)),  # Groq, Perplexity, Cerebras, Fireworks
    ("xai- nvapi- tgp_v1_", (URL, 30, 120)),  # xAI, NVIDIA, Together
    ("r8_", (LETTERS, 30, 60)),  # Replicate
    ("jina_ e2b_ fc- rpa_ esecret_", (LETTERS, 28, 90)),  # Jina, E2B, Firecrawl, RunPod, Anyscale
    ("tvly- pcsk_", (URL, 20, 100)),  # Tavily, Pinecone
    ("pa-", (URL, 40, 60)),  # Voyage
    ("lsv2_pt_ lsv2_sk_", (WORD, 30, 60)),  # LangSmith
    ("ABSK bedrock-api-key-", (BASE64, 100, 2000)),  # Amazon Bedrock
    ("bce-v3/ALTAK-", ("[A-Za-z0-9/]", 30, 90)),  # Baidu
    # Clouds
    ("AKIA ASIA ABIA ACCA", (CAPITALS, 16, 16)),  # Amazon
    ("AIza", (URL, 35, 35)),  # Google: API keys, access tokens, refresh tokens, client secrets
    ("ya29. 1//0 AQ.Ab", (URL, 20, 400)),
    ("GOCSPX-", (URL, 20, 40)),
    ("AccountKey= SharedAccessKey=", ("[A-Za-z0-9+/=]", 40, 100)),  # Azure
    ("dop_v1_ doo_v1_ dor_v1_", (HEX, 64, 64)),  # DigitalOcean
    ("LTAI", (LETTERS, 12, 22)),  # Alibaba
    ("AKID", (LETTERS, 32, 36)),  # Tencent
    ("AQVN y0_", (URL, 35, 100)),  # Yandex
    ("fm1r_ fm1a_ fm2_ fo1_", (BASE64, 40, 4000)),  # Fly
    ("HRKU-", (URL, 30, 80)),  # Heroku
    ("nfp_ nfc_ nfo_ vcp_ vci_ vca_ vcr_ vck_", (LETTERS, 24, 80)),  # Netlify, Vercel
    ("rnd_ napi_", (LETTERS, 20, 80)),  # Render, Neon
    ("sbp_ sb_secret_", (URL, 20, 60)),  # Supabase
    ("pscale_tkn_ pscale_pw_ pscale_oauth_", ("[A-Za-z0-9_=-]", 32, 64)),  # PlanetScale
    ("dapi", (HEX, 32, 32), "-", ("[0-9]", 1, 2)),  # Databricks
    ("dapi", (HEX, 32, 32)),
    ("hvs. hvb. hvr.", (URL, 24, 400)),  # Vault
    ("atlasv1.", ("[A-Za-z0-9_=-]", 60, 70)),  # Terraform, behind an identity
    ("pul-", (HEX, 40, 40)),  # Pulumi
    ("dp.pt. dp.ct. dp.sa. dp.scim. dp.audit.", (LETTERS, 40, 44)),  # Doppler
    ("dp.st.", (URL, 1, 40), ".", (LETTERS, 40, 44)),
    ("tskey-", (URL, 24, 100)),  # Tailscale
    ("sl.u. sl.", (URL, 60, 2000)),  # Dropbox
    ("sk.eyJ pk.eyJ tk.eyJ", (URL, 20, 600), ".", (URL, 20, 40)),  # Mapbox
    ("ops_eyJ", (BASE64, 100, 2000)),  # 1Password
    # Code
    ("ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", (WORD, 20, 255)),  # GitHub
    ("glpat- glrt- gldt-", (URL, 20, 300), ".", ("[0-9a-z]", 2, 2), ".", ("[0-9a-z]", 7, 9)),  # GitLab, routable
    (
        "glpat- gldt- glrt- glrtr- glptt- glft- glsoat- glcbt- glffct- glimt- glagent- gloas- glwt- GR1348941",
        (URL, 20, 300),
    ),  # GitLab
    ("ATATT3 ATCTT3 ATBB", ("[A-Za-z0-9_=-]", 24, 300)),  # Atlassian
    ("squ_ sqp_ sqa_", (HEX, 40, 40)),  # Sonar
    ("CLOJARS_", ("[0-9a-z]", 60, 60)),
    ("AKCp5 AKCp8", (LETTERS, 64, 73)),  # JFrog
    ("cmVmdGtu", (LETTERS, 40, 60)),
    ("npm_", (LETTERS, 36, 36)),
    ("pypi-", (URL, 50, 400)),
    ("rubygems_", (HEX, 48, 48)),
    ("oy2", ("[a-z0-9]", 43, 43)),  # NuGet
    ("cio", (LETTERS, 32, 32)),  # Rust's packages
    ("dckr_pat_ dckr_oat_", (URL, 20, 60)),  # Docker
    ("sgp_ CCIPAT_ bkua_ pnu_", (WORD, 36, 100)),  # Sourcegraph, CircleCI, Buildkite, Prefect
    ("PMAK- PMAT-", (URL, 20, 80)),  # Postman
    ("figd_ figo_ figu_", (URL, 36, 80)),  # Figma
    ("lin_api_ lin_oauth_", (LETTERS, 32, 70)),  # Linear
    ("ntn_ secret_", (LETTERS, 40, 60)),  # Notion
    # Monitoring
    ("phc_ phx_ phs_ phr_", (LETTERS, 30, 64)),  # PostHog
    ("glsa_", (WORD, 40, 60)),  # Grafana
    ("glc_ sntrys_", (BASE64, 40, 500)),  # Grafana Cloud, Sentry
    ("sntryu_", (HEX, 64, 64)),
    ("NRAK- NRAA- NRJS- NRII- NRRA- NRSP- NRAL-", (LETTERS, 19, 48)),  # New Relic
    ("dt0c01. dt0s01. dt0s16.", (CAPITALS, 24, 24), ".", (CAPITALS, 64, 64)),  # Dynatrace
    # Messages and shops
    (
        "xoxe.xoxp- xoxe.xoxb- xoxa- xoxb- xoxc- xoxd- xoxe- xoxo- xoxp- xoxr- xoxs-",
        ("[A-Za-z0-9%-]", 10, 300),
    ),  # Slack
    ("xapp-", ("[A-Za-z0-9-]", 20, 200)),
    ("hooks.slack.com/services/ hooks.slack.com/workflows/", ("[A-Za-z0-9/]", 20, 100)),
    ("SG.", (URL, 16, 64), ".", (URL, 16, 64)),  # SendGrid
    ("key-", (HEX, 32, 32)),  # Mailgun
    ("mlsn.", (LETTERS, 60, 80)),  # MailerSend
    ("xkeysib- xsmtpsib-", (URL, 64, 100)),  # Brevo
    ("re_", (LETTERS, 8, 8), "_", (LETTERS, 20, 32)),  # Resend
    ("SK", (HEX, 32, 32)),  # Twilio
    ("whsec_", ("[A-Za-z0-9+/=]", 20, 100)),  # Stripe
    ("shpat_ shpca_ shppa_ shpss_ shpua_", (HEX, 32, 32)),  # Shopify
    ("sq0atp- sq0csp- sq0idp-", (URL, 22, 60)),  # Square
    ("EAA", (LETTERS, 40, 400)),  # Meta, Square
    ("rzp_live_ rzp_test_", (LETTERS, 14, 32)),  # Razorpay
    ("APP_USR-", ("[0-9A-Fa-f-]", 30, 100)),  # Mercado Pago
    ("discord.com/api/webhooks/ discordapp.com/api/webhooks/", ("[0-9]", 17, 20), "/", (URL, 60, 80)),
    ("shippo_live_ shippo_test_ duffel_live_ duffel_test_", (URL, 40, 50)),
    ("EZAK EZTK", (LETTERS, 54, 54)),  # EasyPost
    ("pat-na1- pat-na2- pat-eu1-", ("[0-9A-Fa-f-]", 36, 36)),  # HubSpot
    ("pat", (LETTERS, 14, 14), ".", (HEX, 64, 64)),  # Airtable
    ("CFPAT- tfp_", (URL, 40, 64)),  # Contentful, Typeform
    # By their form alone
    ("AGE-SECRET-KEY-1", (CAPITALS, 58, 58)),  # age
    (  # the same encrypted, RFC 7516
        "eyJ",
        (URL, 8, 1000),
        ".",
        (URL, 0, 1000),
        ".",
        (URL, 12, 24),
        ".",
        (URL, 1, 4000),
        ".",
        (URL, 16, 44),
    ),
    ("eyJ", (URL, 8, 2000), ".", (URL, 8, 4000), ".", (URL, 8, 1000)),  # JSON Web Tokens, RFC 7519
    ("", ("[1-9]", 1, 1), ("[0-9]", 7, 9), ":AA", (URL, 33, 33)),  # Telegram
    ("", (HEX, 32, 32), "-us", ("[0-9]", 1, 2)),  # Mailchimp
    ("", ("[MNO]", 1, 1), (URL, 22, 27), ".", (URL, 6, 6), ".", (URL, 27, 40)),  # Discord
)
